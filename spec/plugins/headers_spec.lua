-- SPDX-License-Identifier: Apache-2.0
-- plugins/headers.lua

local gate = require "lunette.spec"

describe("headers", function()
  before_each(gate.reset)

  local function sent(settings, request)
    return gate.request(gate.plugin("headers", settings), request):sent().headers
  end

  local function answered(settings, headers)
    return gate.response(gate.plugin("headers", settings), {}, { status = 200, headers = headers }).headers
  end

  it("sets request headers, replacing what the client sent", function()
    local headers = sent({ request = { set = { ["X-Gateway"] = "lunette" } } },
      { headers = { ["x-gateway"] = "mine" } })
    assert.equal("lunette", headers["X-Gateway"])
  end)

  it("removes request headers", function()
    local headers = sent({ request = { remove = { "Cookie" } } }, { headers = { Cookie = "a=b", ["X-Other"] = "c" } })
    assert.is_nil(headers.Cookie)
    assert.equal("c", headers["X-Other"])
  end)

  it("adds request headers beside those that are there", function()
    local out = gate.request(gate.plugin("headers", { request = { add = { Via = "lunette" } } }),
      { headers = { Via = "first" } })
    local vias = {}
    for _, pair in ipairs(out:sent().all) do
      if pair[1]:lower() == "via" then vias[#vias + 1] = pair[2] end
    end
    assert.same({ "first", "lunette" }, vias)
  end)

  it("removes before it sets", function()
    local headers = sent({ request = { remove = { "X-A" }, set = { ["X-A"] = "new" } } },
      { headers = { ["X-A"] = "old" } })
    assert.equal("new", headers["X-A"])
  end)

  it("sets response headers", function()
    assert.equal("DENY", answered({ response = { set = { ["X-Frame-Options"] = "DENY" } } }, {})["X-Frame-Options"])
  end)

  it("removes response headers", function()
    local headers = answered({ response = { remove = { "Server", "X-Powered-By" } } },
      { Server = "s", ["x-powered-by"] = "p", ["X-Kept"] = "k" })
    assert.is_nil(headers.Server)
    assert.is_nil(headers["X-Powered-By"])
    assert.equal("k", headers["X-Kept"])
  end)

  it("tells the service who is calling", function()
    assert.equal("192.0.2.1", sent({ client_id = "X-Client-Id" }, { ip = "192.0.2.1" })["X-Client-Id"])
  end)

  it("overwrites what the client says about who is calling", function()
    local headers = sent({ client_id = "X-Client-Id" }, { ip = "192.0.2.1", headers = { ["X-Client-Id"] = "admin" } })
    assert.equal("192.0.2.1", headers["X-Client-Id"])
  end)

  it("edits the answers of the plugins below it", function()
    local out = gate.request(gate.chain {
      gate.plugin("headers", { response = { set = { ["X-Gateway"] = "lunette" } } }),
      function() return 403 end,
    })
    assert.equal(403, out.status)
    assert.equal("lunette", out.headers["X-Gateway"])
  end)

  it("changes nothing without settings", function()
    local headers = sent({}, { headers = { ["X-A"] = "b" } })
    assert.equal("b", headers["X-A"])
    assert.equal("c", answered({}, { ["X-B"] = "c" })["X-B"])
  end)

  it("refuses a name that is none", function()
    assert.has_error(function() gate.plugin("headers", { request = { set = { ["bad name"] = "x" } } }) end,
      'headers:\n  request.set["bad name"]: expected a header name as key')
  end)

  it("refuses to touch how a message is framed", function()
    assert.has_error(function() gate.plugin("headers", { response = { remove = { "Content-Length" } } }) end,
      "headers:\n  response.remove[1]: this header is written by the gateway itself")
  end)
end)
