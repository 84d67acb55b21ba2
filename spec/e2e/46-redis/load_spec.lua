-- SPDX-License-Identifier: Apache-2.0
-- URLs of Redis are judged when files are loaded; nothing connects then, and no message shows a password.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("redis(url) while loading", function()
  after_each(gate.cleanup)

  local function check(url, options)
    local routes = ('local r = redis(%q%s)\nget "/x" { reply = { 200, "x" } }'):format(url, options or "")
    local d = gate.files { routes = routes }
    return gate.run("check", "-c", d:join("gateway.yaml"))
  end

  it("connects to nobody", function()
    assert.equal(0, check("redis://127.0.0.1:1/2").code)
    assert.equal(0, check("unix:/nowhere/redis.sock").code)
    assert.equal(0, check("redis://anna:secret@nobody.invalid").code)
  end)

  for url, why in pairs {
    ["rediss://:hunter2@db"] = "rediss:// (TLS) is not available",
    ["http://:hunter2@db"] = "expected redis://",
    ["redis://:hunter2@db:99999"] = "port of a Redis URL",
    ["redis://hunter2@db"] = "needs a password too",
    ["unix:relative"] = "absolute path",
  } do
    it("refuses " .. url, function()
      local out = check(url)
      assert.equal(1, out.code)
      local text = out.out .. out.err
      assert.truthy(text:find("routes.lua:1: redis: ", 1, true), text)
      assert.truthy(text:find(why, 1, true), text)
      assert.is_nil(text:find("hunter2", 1, true))
    end)
  end

  it("knows its options", function()
    local out = check("redis://db", ', { timeuot = "50ms" }')
    assert.truthy((out.out .. out.err):find('unknown option "timeuot"; did you mean "timeout"?', 1, true))
    out = check("redis://db", ', { timeout = "soon" }')
    assert.truthy((out.out .. out.err):find('timeout: expected a duration such as', 1, true))
  end)
end)
