-- SPDX-License-Identifier: Apache-2.0
-- parallel(): several functions at once, in virtual time.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("parallel", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function seconds(body)
    local before = gate.clock:now()
    local out = probe.run(body)
    return gate.clock:now() - before, out
  end

  it("gives the first results in order", function()
    local took, out = seconds [[
      local a, b, c = parallel(function() sleep(3) return "a", "x" end, function() sleep(1) return "b" end,
        function() end)
      return 200, a .. b .. tostring(c)]]
    assert.equal("abnil", out.body)
    assert.near(3, took, 0.001)
  end)

  it("keeps nil and false in their places", function()
    local out = probe.run [[
      local r = { parallel(function() end, function() return false end, function() return 1 end) }
      return 200, tostring(r[1]) .. tostring(r[2]) .. tostring(r[3])]]
    assert.equal("nilfalse1", out.body)
  end)

  it("runs nothing when there is nothing to run", function()
    assert.equal("0", probe.run("return 200, tostring(select('#', parallel()))").body)
  end)

  it("nests", function()
    local took, out = seconds [[
      local function both()
        local a, b = parallel(function() sleep(1) return 1 end, function() sleep(2) return 2 end)
        return a + b
      end
      local a, b = parallel(both, function() sleep(1) return (parallel(both)) end)
      return 200, tostring(a + b)]]
    assert.equal("6", out.body)
    assert.near(3, took, 0.001)
  end)

  it("nests deeply", function()
    local out = probe.run [[
      local function deep(n)
        if n == 0 then sleep(1) return 0 end
        return 1 + parallel(function() return deep(n - 1) end)
      end
      return 200, tostring(deep(300))]]
    assert.equal("300", out.body)
  end)

  it("asks several at once", function()
    for _, name in ipairs { "a", "b" } do gate.http:on("GET http://" .. name .. "/", 200, name) end
    local out = probe.run [[
      local a, b = parallel(function() return http.get("http://a/") end, function() return http.get("http://b/") end)
      return 200, a.body .. b.body]]
    assert.equal("ab", out.body)
  end)

  it("raises what one of them raises, and ends the others", function()
    local took, out = seconds [[
      parallel(function() sleep(9) req.ctx.late = true end, function() sleep(1) error("oh no") end)]]
    assert.equal(500, out.status)
    assert.truthy(out.failed:find("probe.lua:3: oh no", 1, true), out.failed)
    assert.near(1, took, 0.001)
    gate.clock:advance(20)
    assert.is_nil(out.req.ctx.late)
  end)

  it("raises so that it can be caught", function()
    local out = probe.run [[
      local ok, err = pcall(parallel, function() error({ code = 7 }) end, function() sleep(1) end)
      return 200, tostring(ok) .. err.code]]
    assert.equal("false7", out.body)
  end)

  it("waits inside of coroutines of the plugin's own", function()
    local out = probe.run [[
      local f = coroutine.wrap(function()
        return parallel(function() sleep(1) return 1 end, function() return 2 end)
      end)
      local a, b = f()
      return 200, tostring(a + b)]]
    assert.equal("3", out.body)
  end)

  it("works in response and log handlers", function()
    local out = gate.response(probe.handler("response",
      "res.headers['X-Sum'] = parallel(function() sleep(1) return 5 end)"), {}, {})
    assert.equal("5", out.headers["X-Sum"])
    out = gate.log(gate.response(probe.handler("log",
      "req.ctx.sum = parallel(function() sleep(1) return 6 end)", { name = "b" }), {}, {}))
    assert.equal(6, out.req.ctx.sum)
  end)

  local mistakes = {
    ["parallel(1)"] = "expected functions, got 1 (number) as number 1",
    ["parallel(print, nil)"] = "as number 2",
    ["local fs = {} for i = 1, 65 do fs[i] = print end parallel(unpack(fs))"] = "at most 64 at once",
    ["xpcall(error, function() parallel(print) end)"] = false,
    ["parallel(function() assert(req:read_body()) end)"] = "req:read_body",
    ["parallel(function() coroutine.yield() end)"] = "coroutine.yield outside",
  }
  for code, why in pairs(mistakes) do
    it("explains " .. code, function()
      local out = probe.run(code, { body = "x" })
      if not why then return end
      assert.equal(500, out.status)
      assert.truthy(out.failed:find(why, 1, true), out.failed)
      assert.truthy(out.failed:find("probe.lua:3: ", 1, true), out.failed)
    end)
  end

  it("is refused in init", function()
    assert.has_error(function() probe.handler("request", "", { init = "parallel(print)" }) end)
  end)
end)
