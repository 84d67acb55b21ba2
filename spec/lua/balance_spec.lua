-- SPDX-License-Identifier: Apache-2.0
-- Balance handlers: what they see, what they answer, and what comes of their mistakes.

local gate = require "lunette.spec"

local THREE = {
  "http://a", { address = "http://b", weight = 3, active = 7, latency = 0.25, healthy = false }, "http://c",
}


-- A folder with plugins, by name; each text is the body of a balance handler.
local function plugins(bodies)
  local dir = os.tmpname()
  os.remove(dir)
  os.execute("mkdir " .. dir)
  for name, body in pairs(bodies) do
    local file = assert(io.open(dir .. "/" .. name .. ".lua", "w"))
    file:write(('local p = plugin "%s" { version = "1.0.0", api = 1, schema = { n = t.integer {} } }\n'):format(name),
      "function p:balance(req, up) ", body, " end\nreturn p\n")
    file:close()
  end
  gate.plugins(dir)
  return dir
end


describe("balance", function()
  local dirs = {}

  before_each(function() gate.reset() end)

  after_each(function()
    for _, dir in ipairs(dirs) do os.execute("rm -r " .. dir) end
    dirs = {}
  end)

  local function use(body, settings)
    dirs[#dirs + 1] = plugins { chooser = body }
    return gate.plugin("chooser", settings)
  end

  local function choose(body, choice, request)
    choice = choice or {}
    choice.instances = choice.instances or THREE
    return gate.balance(use(body), request, choice)
  end

  it("names an instance by its number", function()
    assert.equal(3, choose("return 3").index)
    assert.equal(2, choose("return #up - 1").index)
  end)

  it("may leave it to the strategy", function()
    local out = choose("")
    assert.is_nil(out.index)
    assert.is_nil(out.hash)
    assert.is_nil(out.failed)
  end)

  it("sets a key instead", function()
    local out = choose("up.hash = req.client.id", nil, { client_id = "alice" })
    assert.is_nil(out.index)
    assert.equal("alice", out.hash)
    assert.equal("7", choose("up.hash = 7").hash)
    assert.is_nil(choose("up.hash = 'x' up.hash = nil").hash)
    assert.is_nil(choose("up.hash = ''").hash)
  end)

  it("sees the service, the attempt and the last error", function()
    local body = "up.hash = table.concat({ up.service, up.attempt, tostring(up.last_error), #up }, ' ')"
    assert.equal("service 1 nil 3", choose(body).hash)
    assert.equal("users 2 upstream_reset 3",
      choose(body, { service = "users", attempt = 2, last_error = "upstream_reset" }).hash)
  end)

  it("sees every instance", function()
    local body = [[
      local list = {}
      for i = 1, #up do
        local it = up[i]
        list[i] = table.concat({ it.address, it.weight, it.active, tostring(it.healthy), tostring(it.latency) }, " ")
      end
      assert(up[0] == nil and up[4] == nil and up[-1] == nil)
      up.hash = table.concat(list, ", ") ]]
    assert.equal("http://a 1 0 true nil, http://b 3 7 false 0.25, http://c 1 0 true nil", choose(body).hash)
  end)

  it("can be least connections in four lines", function()
    local body = [[
      local best = 1
      for i = 2, #up do if up[i].active < up[best].active then best = i end end
      return best ]]
    local instances = { { active = 4 }, { active = 2 }, { active = 3 } }
    assert.equal(2, choose(body, { instances = instances }).index)
  end)

  it("asks top-down, and the first answer wins", function()
    dirs[#dirs + 1] = plugins { silent = "", keyed = "up.hash = 'k'", second = "return 2" }
    local silent, keyed, second = gate.plugin "silent", gate.plugin "keyed", gate.plugin "second"
    local function ask(...) return gate.balance(gate.chain { ... }, nil, { instances = THREE }) end
    assert.equal(2, ask(silent, second, keyed).index)
    local out = ask(silent, keyed, second)
    assert.is_nil(out.index)
    assert.equal("k", out.hash)
  end)

  it("honours `when`", function()
    local when = function(req) return req.path == "/yes" end
    local p = use("return 2", { when = when })
    assert.equal(2, gate.balance(p, "GET /yes", { instances = THREE }).index)
    assert.is_nil(gate.balance(p, "GET /no", { instances = THREE }).index)
  end)

  for _, case in ipairs {
    { "return 4", "expected the number of an instance, from 1 to 3, got 4" },
    { "return 0", "from 1 to 3, got 0" },
    { "return 1.5", "from 1 to 3, got 1.5" },
    { "return 'a'", 'from 1 to 3, got "a"' },
    { "up.hash = {}", "up.hash: expected a string, got a table" },
    { "up.hsah = 'x'", "only up.hash can be assigned to" },
    { "return up.atempt", 'up has no field "atempt"; did you mean "attempt"?' },
    { "return up[1].wieght", 'an instance has no field "wieght"; did you mean "weight"?' },
    { "up[1].weight = 2", "" },
    { "sleep(0.1)", "sleep cannot be called in balance" },
    { "coroutine.yield()", "" },
    { "req.path = '/x'", "req.path" },
    { "error('no')", "no" },
  } do
    it("refuses " .. case[1], function()
      local out = choose(case[1])
      assert.is_string(out.failed)
      assert.is_truthy(out.failed:find(case[2], 1, true), out.failed)
      assert.is_truthy(out.failed:find("plugin chooser failed in balance", 1, true), out.failed)
      assert.is_nil(out.index)
    end)
  end

  it("goes on without a plugin that says skip", function()
    dirs[#dirs + 1] = plugins { bad = "up.hash = 'x' error('no')", good = "return 1" }
    local bad, good = gate.plugin("bad", { on_error = "skip" }), gate.plugin "good"
    assert.equal(1, gate.balance(gate.chain { bad, good }, nil, { instances = THREE }).index)
    local alone = gate.balance(gate.chain { bad }, nil, { instances = THREE })
    assert.is_nil(alone.failed)
    assert.is_nil(alone.hash)
  end)

  it("cannot keep up for later", function()
    local p = use("self.up, self.one = up, up[1] return 1")
    gate.balance(p, nil, { instances = THREE })
    for _, look in ipairs {
      function() return #p.self.up end,
      function() return p.self.up.service end,
      function() return p.self.up[1] end,
      function() p.self.up.hash = "x" end,
      function() return p.self.one.address end,
    } do
      assert.error_matches(look, "up is there in balance only")
    end
    assert.equal(1, p.self.one.weight)
  end)
end)
