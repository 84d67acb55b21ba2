-- SPDX-License-Identifier: Apache-2.0
-- plugins/access.lua

local gate = require "lunette.spec"

describe("access", function()
  before_each(gate.reset)

  local function status(settings, request)
    return gate.request(gate.plugin("access", settings), request or {}).status
  end

  local function denies(rule, request)
    return status({ deny = { rule } }, request) == 403
  end

  it("refuses what fits a rule, and says so", function()
    local p = gate.plugin("access", { deny = { { method = { "DELETE" } } }, message = "Keep it" })
    local out = gate.request(p, "DELETE /")
    assert.equal(403, out.status)
    assert.same({ error = "Keep it", code = "access_denied", request_id = "req-1" }, out:json())
    assert.is_nil(status({ deny = { { method = { "DELETE" } } } }, "GET /"))
  end)

  it("refuses what fits no rule that allows", function()
    local settings = { allow = { { method = { "GET" } }, { header = { ["X-Role"] = "admin" } } } }
    assert.is_nil(status(settings, "GET /"))
    assert.is_nil(status(settings, { method = "PUT", headers = { ["X-Role"] = "admin" } }))
    assert.equal(403, status(settings, "PUT /"))
  end)

  it("denies before it allows", function()
    local settings = { allow = { { method = { "GET" } } }, deny = { { path = { "/private/*" } } }, status = 404 }
    assert.is_nil(status(settings, "GET /public"))
    assert.equal(404, status(settings, "GET /private/x"))
  end)

  it("wants everything in a rule to hold", function()
    local rule = { method = { "POST" }, path = { "/a" }, header = { ["X-A"] = "1", ["X-B"] = "2" } }
    assert.is_true(denies(rule, { method = "POST", path = "/a", headers = { ["X-A"] = "1", ["X-B"] = "2" } }))
    assert.is_false(denies(rule, { method = "POST", path = "/a", headers = { ["X-A"] = "1" } }))
    assert.is_false(denies(rule, { method = "GET", path = "/a", headers = { ["X-A"] = "1", ["X-B"] = "2" } }))
  end)

  it("knows paths and what is below them", function()
    local rule = { path = { "/admin/*", "/secret" } }
    for _, path in ipairs { "/admin", "/admin/", "/admin/x/y", "/secret" } do
      assert.is_true(denies(rule, "GET " .. path), path)
    end
    for _, path in ipairs { "/", "/administration", "/secret/x", "/x/admin/y" } do
      assert.is_false(denies(rule, "GET " .. path), path)
    end
  end)

  it("is not escaped by a second value of a name", function()
    local denied = { header = { ["X-Env"] = "internal" } }
    assert.is_true(denies(denied, { headers = { ["X-Env"] = { "public", "internal" } } }))
    assert.is_false(denies(denied, { headers = { ["X-Env"] = { "public", "open" } } }))
    assert.is_true(denies({ query = { debug = "1" } }, { path = "/?debug=0&debug=1" }))
    assert.is_true(denies({ query = { debug = "1" } }, { path = "/?debug=0&%64ebug=%31" }))
    assert.is_true(denies({ cookie = { plan = "test" } }, { headers = { Cookie = "plan=free; plan=test" } }))

    local function allows(rule, request) return status({ allow = { rule } }, request) == nil end
    assert.is_true(allows({ header = { ["X-Role"] = "admin" } }, { headers = { ["X-Role"] = { "admin", "admin" } } }))
    assert.is_false(allows({ header = { ["X-Role"] = "guest" } }, { headers = { ["X-Role"] = { "guest", "admin" } } }))
    assert.is_false(allows({ query = { as = "guest" } }, { path = "/?as=guest&as=admin" }))
    assert.is_true(allows({ query = { as = "!" } }, { path = "/?x=1" }))
    assert.is_false(allows({ query = { as = "!" } }, { path = "/?as" }))
  end)

  it("knows addresses and clients", function()
    assert.is_true(denies({ address = { "192.0.2.0/24" } }, { ip = "192.0.2.9" }))
    assert.is_false(denies({ address = { "192.0.2.0/24" } }, { ip = "192.0.3.9" }))
    assert.is_true(denies({ client = { "plugin:ann", "plugin:bob" } }, { client_id = "bob" }))
    assert.is_false(denies({ client = { "plugin:ann" } }, { client_id = "bob" }))
    assert.is_true(denies({ client = { "10.0.0.5" } }, { ip = "10.0.0.5" }))
    assert.is_true(denies({ client = { "2001:db8::" } }, { ip = "2001:db8::" }))
  end)

  it("lets no identity stand in for an address, or for one of another source", function()
    for _, known in ipairs { "10.0.0.5", "consumer:10.0.0.5", "header:X-T:10.0.0.5" } do
      assert.equal(403, status({ allow = { { client = { known } } } }, { client_id = "10.0.0.5", ip = "192.0.2.7" }))
    end
    assert.is_nil(status({ allow = { { client = { "10.0.0.5" } } } }, { ip = "10.0.0.5" }))
  end)

  it("reads headers, query, cookies and parameters", function()
    assert.is_true(denies({ header = { ["x-a"] = "1" } }, { headers = { ["X-A"] = "1" } }))
    assert.is_true(denies({ query = { debug = "1" } }, { query = "x=2&debug=1" }))
    assert.is_true(denies({ query = { q = "a b" } }, { query = "q=a%20b" }))
    assert.is_true(denies({ cookie = { sid = "7" } }, { headers = { Cookie = "a=b; sid=7" } }))
    assert.is_true(denies({ params = { id = "0" } }, { params = { id = "0" } }))
    assert.is_false(denies({ params = { id = "0" } }, { params = { id = "1" } }))
  end)

  it("has words for anything, nothing, and a pattern", function()
    local there, absent = { headers = { ["X-A"] = "v12" } }, {}
    assert.is_true(denies({ header = { ["X-A"] = "*" } }, there))
    assert.is_false(denies({ header = { ["X-A"] = "*" } }, absent))
    assert.is_true(denies({ header = { ["X-A"] = "!" } }, absent))
    assert.is_false(denies({ header = { ["X-A"] = "!" } }, there))
    assert.is_true(denies({ header = { ["X-A"] = "~^v%d+$" } }, there))
    assert.is_false(denies({ header = { ["X-A"] = "~^v%d$" } }, there))
    assert.is_false(denies({ header = { ["X-A"] = "~v" } }, absent))
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("access", settings) end, message)
    end
    refuses({}, "access:\n  deny: required, or allow")
    refuses({ deny = { {} } }, "access: deny[1]: expected at least one condition")
    refuses({ deny = { { method = { "GET" } }, { header = { ["X-A"] = "~(" } } } },
      "access: deny[2].header.X-A: expected a Lua pattern after the ~")
    for _, key in ipairs { "ann", ":", "consumer:", "X-T:a", "10.0.0.0/8", "a.example" } do
      refuses({ deny = { { client = { "10.0.0.5", key } } } },
        'access: deny[1].client[2]: expected an address, or a source and its identity such as "consumer:alice", got "'
        .. key .. '"')
    end
    refuses({ allow = { { methods = { "GET" } } } },
      'access:\n  allow[1].methods: unknown setting; did you mean "method"?')
    refuses({ allow = { { address = { "home" } } } },
      'access:\n  allow[1].address[1]: expected an address block such as '
      .. '"10.0.0.0/8" or "2001:db8::/32", or "file:" and a path, got "home" (string)')
  end)
end)
