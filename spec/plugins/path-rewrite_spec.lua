-- SPDX-License-Identifier: Apache-2.0
-- plugins/path-rewrite.lua

local gate = require "lunette.spec"

describe("path-rewrite", function()
  before_each(gate.reset)

  local function sent(settings, request)
    local out = gate.request(gate.plugin("path-rewrite", settings), request)
    return out.status or out:sent().path, out
  end

  it("takes a prefix off where a segment ends", function()
    for path, expected in pairs {
      ["/api/users"] = "/users", ["/api"] = "/", ["/api/"] = "/", ["/apis/x"] = "/apis/x", ["/x/api/y"] = "/x/api/y",
      ["/"] = "/", ["/API/x"] = "/API/x",
    } do
      assert.equal(expected, (sent({ strip = "/api" }, "GET " .. path)), path)
      assert.equal(expected, (sent({ strip = "/api/" }, "GET " .. path)), path)
    end
  end)

  it("puts a prefix in front", function()
    assert.equal("/v2/users", (sent({ prefix = "/v2" }, "GET /users")))
    assert.equal("/v2/", (sent({ prefix = "/v2/" }, "GET /")))
    assert.equal("/v2/users", (sent({ strip = "/api", prefix = "/v2" }, "GET /api/users")))
    assert.equal("/v2/other", (sent({ strip = "/api", prefix = "/v2" }, "GET /other")))
  end)

  it("matches a pattern with captures", function()
    local settings = { pattern = "^/users/(%d+)/(%l+)$", with = "/%2/of/%1" }
    assert.equal("/orders/of/7", (sent(settings, "GET /users/7/orders")))
    assert.equal("/users/x/orders", (sent(settings, "GET /users/x/orders")))
    assert.equal("/b/a/a", (sent({ pattern = "/a", with = "/b" }, "GET /a/a/a")))
    assert.equal("/users/7", (sent({ pattern = "^/u/", with = "users/" }, "GET /u/7")))
  end)

  it("makes the path from a template", function()
    local request = { path = "/u/x", query = "tab=a%20b", params = { id = "7", rest = "a/b c" } }
    assert.equal("/accounts/7", (sent({ to = "/accounts/{req.params.id}" }, request)))
    assert.equal("/files/a/b%20c", (sent({ to = "/files/{req.params.rest}" }, request)))
    assert.equal("/t/a%20b", (sent({ to = "/t/{req.args.tab}" }, request)))
    assert.equal("/v2/u/x", (sent({ to = "/v2{req.path}" }, request)))
  end)

  it("leaves the query alone", function()
    local _, out = sent({ prefix = "/v2" }, "GET /users?page=2&x=%20")
    assert.equal("page=2&x=%20", out:sent().query)
  end)

  it("keeps what is put in one segment", function()
    assert.equal("/accounts/a%2Fb", (sent({ to = "/accounts/{req.params.id}" }, { params = { id = "a/b" } })))
    assert.equal("/accounts/a%3Fb%23c", (sent({ to = "/accounts/{req.params.id}" }, { params = { id = "a?b#c" } })))
  end)

  it("is not led out of its place", function()
    for _, bad in ipairs { "..", ".", "../../admin", "a\0b", "\\..\\" } do
      assert.equal(400, (sent({ to = "/accounts/{req.params.id}" }, { params = { id = bad } })), bad)
      assert.equal(400, (sent({ to = "/accounts/{req.params.id}/x" }, { params = { id = bad } })), bad)
    end
    assert.equal(400, (sent({ to = "/files/{req.params.rest}" }, { params = { rest = "a/../../b" } })))
    assert.equal("/files/a..b/.c", (sent({ to = "/files/{req.params.rest}" }, { params = { rest = "a..b/.c" } })))
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("path-rewrite", settings) end, message)
    end
    local one_of = "path-rewrite:\n  expected one of: to; pattern and with; strip, prefix or both"
    refuses({}, one_of)
    refuses({ to = "/x", strip = "/api" }, one_of)
    refuses({ pattern = "^/x" }, "path-rewrite:\n  with: pattern and with belong together")
    refuses({ pattern = "(", with = "" }, 'path-rewrite:\n  pattern: expected a Lua pattern of at least 1 character, '
      .. 'got "(" (string)')
    refuses({ strip = "api" }, 'path-rewrite: strip: expected a path such as "/api", got "api"')
  end)
end)
