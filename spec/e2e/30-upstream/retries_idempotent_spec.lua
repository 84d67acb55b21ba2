-- SPDX-License-Identifier: Apache-2.0
-- Requests that may be repeated although their method is not idempotent.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a POST that broke", function()
  after_each(gate.cleanup)

  -- 4 POSTs over two instances of which one breaks; how many were answered.
  local function count(service, routes, headers)
    local bad = gate.upstream(function(_, connection) connection:reset() end)
    local good = gate.upstream(function(request) return 200, request.body end)
    service.name, service.instances, service.breaker = "main", { bad, good }, "off"
    local g = gate.start { services = { service }, routes = routes }
    local answered, options = 0, { headers = headers, body = "sum=5" }
    for _ = 1, 4 do
      local r = g:request("POST", "/", options)
      if r.status == 200 then
        assert.equal("sum=5", r.body)
        answered = answered + 1
      else
        assert.equal(502, r.status)
      end
    end
    return answered
  end

  local KEY = { "Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324" }

  it("is not repeated, whatever it carries, unless that is allowed", function()
    assert.is_true(count({ path = "/" }, nil, KEY) < 4)
    assert.is_true(count({}, 'any "/*" { to = "main" }', KEY) < 4)
  end)

  it("is repeated on a route that is idempotent", function()
    assert.equal(4, count({}, 'any "/*" { to = "main", idempotent = true }'))
  end)

  it("is repeated with its key where the route allows the header", function()
    local route = 'group "/" { idempotent = "Idempotency-Key", any "/*" { to = "main" } }'
    assert.equal(4, count({}, route, KEY))
    assert.is_true(count({}, route) < 4)
    assert.is_true(count({}, route, { "Idempotency-Key:" }) < 4)
  end)

  it("is repeated where the service says so, and not where the route says no", function()
    local function service() return { retries = { idempotent = "Idempotency-Key" } } end
    local own = service()
    own.path = "/"
    assert.equal(4, count(own, nil, KEY))
    assert.is_true(count(service(), 'any "/*" { to = "main", idempotent = false }', KEY) < 4)
    assert.equal(4, count({ path = "/", retries = { idempotent = "on" } }))
  end)
end)
