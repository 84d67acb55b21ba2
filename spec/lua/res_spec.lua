-- SPDX-License-Identifier: Apache-2.0
-- What a plugin knows of the response, and what it can change in it.

local gate = require "lunette.spec"

describe("res", function()
  local chain

  before_each(function()
    gate.reset()
    gate.plugins("spec/fixtures/plugins")
    chain = gate.plugin("look")
  end)

  local function seen(response, request)
    return gate.response(chain, request or {}, response).req.ctx.seen
  end

  it("has no status before there is one", function()
    local status
    gate.request(function(_, res) status = res.status or "none" end)
    assert.equal("none", status)
  end)

  it("has the status of the service", function() assert.equal(404, seen({ status = 404 }).status) end)

  it("says where it comes from", function()
    assert.equal("upstream", seen({ status = 200 }).origin)
    assert.equal("gateway", seen({ status = 502, origin = "gateway" }).origin)
  end)

  it("names the attempt that answered", function()
    local attempt = seen({ status = 200, service = "users", address = "127.0.0.1:8081" }).upstream
    assert.equal("users", attempt.service)
    assert.equal("127.0.0.1:8081", attempt.address)
  end)

  it("has no attempt when the gateway answered", function()
    assert.is_nil(seen({ status = 502, origin = "gateway" }).upstream)
  end)

  it("has size and duration in the log", function()
    local out = gate.log(gate.response(chain, {}, { status = 200, bytes = 1234, duration = 0.25 }))
    assert.equal(1234, out.req.ctx.logged.bytes)
    assert.near(0.25, out.req.ctx.logged.duration, 0.001)
  end)

  it("has a status that can be changed", function()
    assert.equal(204, gate.response(chain, "GET /status/204", { status = 200 }).status)
  end)

  it("refuses a status that is none", function()
    assert.equal(500, gate.response(chain, "GET /status/99", { status = 200 }).status)
    assert.equal(201, gate.response(chain, "GET /status/201", { status = 200 }).status)
  end)

  it("says that a plugin made an answer", function()
    local origin
    gate.request(gate.chain { chain, function() return 403 end }, "GET /x")
    local out = gate.request(gate.chain { chain, function() return 403 end }, "GET /x")
    origin = out.req.ctx.seen.origin
    assert.equal("plugin", origin)
  end)

  it("refuses to read and write what does not exist", function()
    assert.equal(500, gate.request(function(_, res) return 200, res.stauts end).status)
    assert.equal(500, gate.request(function(_, res) res.body = "x" end).status)
  end)
end)


describe("res.length", function()
  before_each(gate.reset)

  local function seen(response)
    local length
    local p = gate.chain { { plugin = "x", title = "x", on_error = "fail", file = "x", line = 1, self = {},
      handlers = { response = function(_, _, res) length = res.length end } } }
    gate.response(p, {}, response)
    return length
  end

  it("is what the service says", function()
    assert.equal(12, seen { status = 200, headers = { ["Content-Length"] = "12" } })
    assert.is_nil(seen { status = 200 })
    assert.is_nil(seen { status = 200, headers = { ["Content-Length"] = "twelve" } })
  end)
end)
