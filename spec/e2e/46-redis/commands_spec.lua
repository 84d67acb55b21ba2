-- SPDX-License-Identifier: Apache-2.0
-- redis(url) in handlers: commands, pipelines, transactions and scripts, as values of Lua.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
local r = redis("%s", { timeout = "2s" })

local tests = {}
function tests.values()
  local missing, why, code = r:get("missing")
  return {
    set = r:set("k", "v"), get = r:get("k"), missing = missing == nil and why == nil and code == nil,
    incr = r:incr("n"), list = r:rpush("l", "a", 2, 3.5) and r:lrange("l", 0, -1), empty = r:lrange("none", 0, -1),
    holes = r:mget("k", "missing", "k"), bytes = #r:echo("a\r\n\0b"), big = ("%.0f"):format(r:incrby("big", 2 ^ 49)),
  }
end
function tests.errors()
  r:set("text", "x")
  local v, why, code = r:incr("text")
  local w, why2, code2 = r:lpush("text", 1)
  local _, _, code3 = r:call("NOSUCH", "x")
  return { v == nil, why, code, w == nil, why2, code2, code3 }
end
function tests.pipeline()
  r:set("text", "x")
  return r:pipeline { { "INCR", "p" }, { "GET", "missing" }, { "incr", "text" }, { "INCRBY", "p", 41 } }
end
function tests.transaction()
  local list = r:transaction { { "SET", "t", 1 }, { "INCR", "t" }, { "GET", "none" } }
  local refused, why, code = r:transaction { { "SET", "t" }, { "INCR", "t" } }
  return { list = list, refused = refused == nil, why = why, code = code, t = r:get("t") }
end
function tests.script()
  local add = "return { redis.call('INCRBY', KEYS[1], ARGV[1]), ARGV[2], false }"
  local out = {}
  for i = 1, 3 do out[i] = r:eval(add, { "s" }, { 2, "x" }) end
  r:call("SCRIPT", "FLUSH")
  out[4] = r:eval(add, { "s" }, { 10, "y" })
  local _, why, code = r:eval("return redis.error_reply('BROKEN on purpose')")
  out[5], out[6] = why, code
  for i = 1, 300 do assert(r:eval("return " .. i) == i) end
  return out
end
function tests.parallel()
  return { parallel(function() return r:echo("a") end, function() return r:echo("b") end) }
end
function tests.name()
  return { r:client("GETNAME") }
end
get "/:test" { function(req) return 200, tests[req.params.test]() end }
get "/wrong/:test" { function(req)
  local wrong = {
    boolean = function() r:set("k", true) end,
    table = function() r:set("k", {}) end,
    missing = function() r:set("k", nil) end,
    subscribe = function() r:subscribe("c") end,
    multi = function() r:pipeline { { "multi" } } end,
    empty = function() r:pipeline {} end,
    dot = function() r.get("k") end,
    option = function() redis("redis://localhost", { timeuot = 1 }) end,
    assign = function() r.get = 1 end,
    blocking = function() r:blpop("l", 0) end,
  }
  local ok, why = pcall(wrong[req.params.test])
  return 200, tostring(ok) .. " " .. tostring(why)
end }
get "/log/x" { to = main, function() end }
]]


describe("redis(url)", function()
  local server, up, g

  setup(function()
    server = gate.redis { password = "open sesame" }
    server.url = server.url:gsub(" ", "%%20")
    up = gate.upstream(function() return 200, "main" end)
    g = gate.start {
      services = { { name = "main", instances = { up } } },
      routes = (ROUTES:gsub("%%s", (server.url:gsub("%%", "%%%%")))),
    }
  end)
  teardown(gate.cleanup)

  local function ask(test)
    local r = g:get("/" .. test)
    assert.equal(200, r.status, r.body)
    return gate.json.decode(r.body)
  end

  it("gives values of Lua", function()
    assert.same({
      set = "OK", get = "v", missing = true, incr = 1, list = { "a", "2", "3.5" }, empty = {},
      holes = { "v", false, "v" }, bytes = 5, big = "562949953421312",
    }, ask "values")
  end)

  it("gives errors as nil, a sentence and a code", function()
    assert.same({
      true, "ERR value is not an integer or out of range", "ERR",
      true, "WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", "ERR",
    }, ask "errors")
  end)

  it("sends pipelines in one round trip", function()
    assert.same({ 1, false, { err = "ERR value is not an integer or out of range", code = "ERR" }, 42 }, ask "pipeline")
  end)

  it("runs transactions as one", function()
    local out = ask "transaction"
    assert.same({ "OK", 2, false }, out.list)
    assert.is_true(out.refused)
    assert.equal("EXECABORT", out.code)
    assert.truthy(out.why:find("wrong number of arguments", 1, true), out.why)
    assert.equal("2", out.t)
  end)

  it("sends scripts by their digest, and again with their text", function()
    assert.same({
      { 2, "x", false }, { 4, "x", false }, { 6, "x", false }, { 16, "y", false }, "BROKEN on purpose", "BROKEN",
    }, ask "script")
    assert.truthy(server:command("INFO", "commandstats"):find("cmdstat_evalsha:", 1, true))
  end)

  it("works in parallel()", function()
    assert.same({ "a", "b" }, ask "parallel")
  end)

  it("keeps one connection for everybody", function()
    assert.same({ "lunette" }, ask "name")
    local names = select(2, server:command("CLIENT", "LIST"):gsub("name=lunette", ""))
    assert.equal(1, names)
  end)

  for test, why in pairs {
    boolean = "r:set: argument 2: expected a string or a number, got true (boolean); Redis has no booleans",
    table = "r:set: argument 2: expected a string or a number, got a table; unpack it",
    missing = "r:set: argument 2: expected a string or a number, got nil",
    subscribe = "SUBSCRIBE cannot be sent: there is no connection of your own to listen on",
    multi = "MULTI cannot be sent: r:transaction",
    empty = "r:pipeline: there is no command in it",
    dot = "r:get: call it with a colon, r:get(...)",
    option = "redis cannot be called in request: open it in init",
    assign = "a Redis handle cannot be assigned to",
    blocking = "BLPOP cannot be sent: it would make all other requests wait",
  } do
    it("refuses " .. test .. " at the line of the plugin", function()
      local body = g:get("/wrong/" .. test).body
      assert.truthy(body:find("^false [^ ]*routes.lua:%d+: "), body)
      assert.truthy(body:find(why, 1, true), body)
    end)
  end

  it("says nothing of the password", function()
    assert.is_nil(g:log():find("sesame", 1, true))
  end)
end)
