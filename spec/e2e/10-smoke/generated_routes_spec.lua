-- SPDX-License-Identifier: Apache-2.0
-- Routes made from services: longest prefix, segment boundaries, stripPath, base paths.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("generated routes", function()
  local ups, g

  setup(function()
    ups = {}
    for _, name in ipairs { "users", "special", "kept", "based", "root" } do
      ups[name] = gate.upstream { name = name }
    end
    g = gate.start { services = {
      { name = "users", path = "/api/users", instances = { ups.users } },
      { name = "special", path = "/api/users/special", instances = { ups.special } },
      { name = "kept", path = "/kept", stripPath = false, instances = { ups.kept } },
      { name = "based", path = "/based/", instances = { ups.based.url .. "/v2/" } },
      { name = "root", path = "/", instances = { ups.root } },
    } }
  end)
  teardown(gate.cleanup)

  -- client's target -> service, target at the upstream
  local cases = {
    { "/api/users", "users", "/" },
    { "/api/users/", "users", "/" },
    { "/api/users/7", "users", "/7" },
    { "/api/users/7/a%20b?q=%20", "users", "/7/a%20b?q=%20" },
    { "/api/users?x", "users", "/?x" },
    { "/api/users?", "users", "/?" },
    { "/api/usersx", "root", "/api/usersx" },
    { "/api/users/special", "special", "/" },
    { "/api/users/special/1", "special", "/1" },
    { "/api/users/specials", "users", "/specials" },
    { "/kept/a", "kept", "/kept/a" },
    { "/kept", "kept", "/kept" },
    { "/based/x", "based", "/v2/x" },
    { "/based", "based", "/v2/" },
    { "/", "root", "/" },
    { "/any/thing", "root", "/any/thing" },
    { "/a/../api/users/1", "users", "/1" },
    { "/api/./users/1", "users", "/1" },
    { "/api/users/../users/2", "users", "/2" },
    { "/%61pi/users/1", "users", "/1" },
    { "/api%2Fusers/1", "root", "/api%2Fusers/1" },
    { "/api%2fusers/1", "root", "/api%2Fusers/1" },
    { "/api//users", "root", "/api//users" },
    { "/API/users", "root", "/API/users" },
    { "http://gateway.test/api/users/9", "users", "/9" },
  }
  for _, case in ipairs(cases) do
    local target, name, forwarded = unpack(case)
    it(("send %s to %s as %s"):format(target, name, forwarded), function()
      local r = g:get(target)
      assert.equal(name, r.body)
      assert.equal(forwarded, ups[name]:last().target)
    end)
  end

  it("cannot be left upwards", function()
    local r = g:get("/api/users/../../../../etc/passwd")
    assert.equal(400, r.status)
    assert.equal("users", g:get("/api/users/1").body)
  end)
end)


describe("generatedRoutes: off", function()
  after_each(gate.cleanup)

  it("leaves only the Lua routes", function()
    local up = gate.upstream { name = "users" }
    local g = gate.start {
      services = { { name = "users", path = "/users", instances = { up } } },
      extra = { generatedRoutes = false },
      routes = 'get "/mine" { to = service "users" }',
    }
    assert.equal(404, g:get("/users").status)
    assert.equal("users", g:get("/mine").body)
  end)
end)
