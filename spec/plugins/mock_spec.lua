-- SPDX-License-Identifier: Apache-2.0
-- plugins/mock.lua

local gate = require "lunette.spec"

describe("mock", function()
  before_each(gate.reset)

  local function ask(settings, request)
    return gate.request(gate.plugin("mock", settings), request or {})
  end

  it("gives one answer to all", function()
    local out = ask { status = 201, json = { id = 7, tags = { "a" } }, headers = { ["X-Mock"] = "yes" } }
    assert.equal(201, out.status)
    assert.same({ id = 7, tags = { "a" } }, out:json())
    assert.equal("application/json", out.headers["Content-Type"])
    assert.equal("yes", out.headers["X-Mock"])
  end)

  it("gives text, and nothing", function()
    local out = ask { body = "hello" }
    assert.equal("hello", out.body)
    assert.equal("text/plain; charset=utf-8", out.headers["Content-Type"])
    assert.equal("", ask({ status = 204 }).body)
    assert.equal("false", ask({ json = false }).body)
  end)

  it("puts names in", function()
    local settings = { body = '{{"name":"{req.params.name|json}"}' }
    settings.headers = { ["content-type"] = "application/json" }
    local out = ask(settings, { params = { name = 'a"b' } })
    assert.same({ name = 'a"b' }, out:json())
    assert.equal("application/json", out.headers["Content-Type"])
  end)

  it("takes its time", function()
    local before = gate.clock:now()
    assert.equal(200, ask({ delay = "250ms" }).status)
    assert.near(0.25, gate.clock:now() - before, 0.001)
  end)

  describe("with several answers", function()
    local settings = {
      responses = {
        { method = "POST", path = "/users", status = 201 },
        { path = "/users/7", json = { id = 7 } },
        { path = "/users/*", status = 404, json = { error = "no such user" } },
        { method = "DELETE", status = 405 },
      },
    }

    for request, status in pairs {
      ["POST /users"] = 201, ["GET /users/7"] = 200, ["GET /users/8"] = 404, ["GET /users"] = 404, ["DELETE /x"] = 405,
    } do
      it("answers " .. request, function() assert.equal(status, ask(settings, request).status) end)
    end

    it("lets the others through", function()
      assert.is_nil(ask(settings, "GET /usersx").status)
      assert.is_nil(ask(settings, "PUT /").status)
    end)
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("mock", settings) end, message)
    end
    refuses({ json = {}, body = "x" }, "mock: body: cannot stand together with json")
    refuses({ responses = { { path = "/" }, { json = 1, body = "x" } } },
      "mock: responses[2].body: cannot stand together with json")
    refuses({ status = 99 }, "mock:\n  status: expected an integer from 200 to 599, got 99 (number)")
    refuses({ responses = { { stats = 200 } } },
      'mock:\n  responses[1].stats: unknown setting; did you mean "status"?')
    refuses({ headers = { ["bad name"] = "x" } }, 'mock:\n  headers["bad name"]: expected a header name as key')
  end)
end)
