-- SPDX-License-Identifier: Apache-2.0
-- redis() in specs: the handle, its mistakes, and gate.redis as the other end.

local gate = require "lunette.spec"


describe("redis()", function()
  local folder

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    folder = pipe:read("*l")
    pipe:close()
    local file = assert(io.open(folder .. "/asks.lua", "w"))
    file:write [[
local asks = plugin "asks" { version = "1.0.0", api = 1, schema = { code = t.string {} } }
function asks:init() self.r = redis("redis://localhost", { timeout = "50ms" }) end
function asks:request(req)
  local f = assert(load("local r = ... " .. self.conf.code))
  return 200, { f(self.r) }
end
return asks
]]
    file:close()
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  before_each(function()
    gate.reset()
    gate.plugins(folder)
  end)

  local function ask(code)
    local out = gate.request(gate.plugin("asks", { code = code }))
    if out.status ~= 200 then return out.failed end
    return unpack(out:json())
  end

  it("runs commands", function()
    assert.equal("OK", ask 'return r:set("k", 5)')
    assert.equal("5", ask 'return r:get("k")')
    assert.equal(6, ask 'return r:incr("k")')
    assert.equal(7, ask 'return r:call("incr", "k")')
    assert.equal("reply", ask 'r:set("client", "reply") return r:get("client")')
    gate.redis:on("XREAD", function() return "read" end)
    assert.equal("read", ask 'return r:xread("STREAMS", "block", 0)')
    assert.equal("7", gate.redis:get("k"))
    assert.same({ "SET", "k", "5" }, gate.redis.calls[1])
  end)

  it("gives false for what is not there, inside of lists", function()
    gate.redis:set("a", "1")
    assert.same({ "1", false }, ask 'return r:mget("a", "b")')
    assert.same({ false, "1" }, ask 'return r:pipeline { { "GET", "b" }, { "GET", "a" } }')
  end)

  it("gives errors of commands", function()
    assert.same({ "WRONGTYPE" }, { ask [[
      r:set("k", "x")
      local v, why, code = r:lpush("k", 1)
      return code
    ]] })
    local list = ask 'r:set("k", "x") return r:pipeline { { "INCR", "k" }, { "GET", "k" } }'
    assert.same({ { err = "ERR value is not an integer or out of range", code = "ERR" }, "x" }, list)
  end)

  it("fails when it is told to", function()
    gate.redis:down()
    assert.same({ "redis: there is no connection, and none could be made", "down" },
      { ask 'local v, why, code = r:get("k") return why, code' })
    gate.redis:down("timeout")
    assert.equal("timeout", (ask 'local v, why, code = r:pipeline { { "GET", "k" } } return code'))
    gate.redis:up()
    assert.equal("PONG", ask 'return r:ping()')
    gate.redis:down()
    gate.reset()
    assert.equal("PONG", gate.redis:ping())
  end)

  it("plays scripts and other commands", function()
    gate.redis:on("EVAL", function(script, n, key, by) return { script, n, key, by } end)
    assert.same({ "return 1", "1", "k", "2" }, ask 'return r:eval("return 1", { "k" }, { 2 })')
    gate.redis:on("GEOADD", function() return nil, "OOM command not allowed" end)
    assert.same({ "OOM command not allowed", "OOM" },
      { ask 'local _, why, code = r:geoadd("k", 1, 2, "m") return why, code' })
  end)

  it("raises for what it does not know", function()
    assert.truthy(ask('return r:geoadd("k")'):find("gate.redis does not know GEOADD", 1, true))
    assert.truthy(ask('return r:eval("return 1")'):find("scripts do not run in specs", 1, true))
  end)

  it("forgets keys with time, and with reset", function()
    ask 'r:setex("k", 10, "v")'
    gate.clock:advance(9)
    assert.equal("v", ask 'return r:get("k")')
    assert.equal(1, gate.redis:ttl("k"))
    gate.clock:advance(1)
    assert.is_nil(gate.redis:get("k"))
    gate.redis:set("k", "v")
    gate.reset()
    assert.is_nil(gate.redis:get("k"))
  end)

  for code, why in pairs {
    ['r:set("k", false)'] = "argument 2: expected a string or a number, got false (boolean); Redis has no booleans",
    ['r:set("k", 0/0)'] = "which is not a number",
    ['r:eval()'] = "r:eval: expected a script",
    ['r:eval("x", "k")'] = "r:eval: keys: expected a list",
    ['r:pipeline("GET")'] = "expected a list of commands",
    ['r:pipeline { "GET" }'] = "r:pipeline[1]: expected commands such as",
    ['r:pipeline { {} }'] = "r:pipeline[1]: expected the name of a command, got a nil",
    ['r:call("bad name")'] = "expected the name of a command",
    ['r:select(1)'] = "SELECT cannot be sent: all requests share the connection; put the database into the URL",
    ['r:client("reply", "OFF")'] = "CLIENT REPLY cannot be sent: all requests share the connection, and each needs",
    ['r:pipeline { { "Client", "Reply", "SKIP" } }'] = "CLIENT REPLY cannot be sent",
    ['r:call("xread", "COUNT", 1, "block", 0, "STREAMS", "s", "$")'] = "XREAD BLOCK cannot be sent",
    ['r:script("DEBUG", "YES")'] = "SCRIPT DEBUG cannot be sent",
    ['r:watch("k")'] = "WATCH cannot be sent",
  } do
    it("refuses " .. code, function()
      local failed = ask(code)
      assert.truthy(failed:find(why, 1, true), failed)
    end)
  end

  it("sends numbers in full", function()
    ask 'r:mset("a", 1e15, "b", 0.1, "c", -3, "d", 2^53)'
    assert.same({ "1000000000000000", "0.10000000000000001", "-3", "9007199254740992" },
      gate.redis:mget("a", "b", "c", "d"))
  end)
end)
