-- SPDX-License-Identifier: Apache-2.0
-- Two plugins that were written before store and metrics were: they work as they stand.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

local AUTHZ = [[
-- Asks another service whether the request may pass; remembers the answer for a while.
local authz = plugin "authz" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    url     = t.url      { required = true },
    timeout = t.duration { default = "300ms" },
    cache   = t.duration { default = "30s" },
  },
}

function authz:init()
  self.seen = store.dict("authz", { size = "4m" })
end

function authz:request(req)
  local token = req.headers["Authorization"]
  if not token then return 401, { error = "no credentials" } end

  local answer = self.seen:get(token)
  if not answer then
    local reply, err = http.post(self.conf.url, {
      timeout = self.conf.timeout,
      headers = { ["Authorization"] = token },
      json    = { method = req.method, path = req.path },
    })
    if not reply then
      log.error("authz is unreachable", { error = err })
      return 503, { error = "authorization is unavailable" }
    end
    answer = reply.status == 200 and reply:json().user or "-"
    self.seen:set(token, answer, self.conf.cache)
  end

  if answer == "-" then return 403, { error = "not allowed" } end
  req.client.id = answer
  req.headers["X-User"] = answer
  req.headers["Authorization"] = nil
end

return authz
]]

local SLOW = [[
local slow = plugin "slow-log" { version = "1.0.0", api = 1, schema = { over = t.duration { default = "1s" } } }

function slow:init()
  self.seen = metrics.counter("slow_requests_total", "requests over the limit", { "route" })
end

function slow:log(req, res)
  if res.duration < self.conf.over then return end
  self.seen:inc(req.route)
  log.warn("slow", { path = req.path, status = res.status, upstream = res.upstream and res.upstream.address })
end

return slow
]]


describe("authz", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("asks once for each token, until the answer is too old", function()
    local authz = probe.plugin("authz", AUTHZ, { url = "http://authz/check" })
    gate.http:on("POST http://authz/check", 200, { user = "ann" })
    local function ask() return gate.request(authz, { headers = { Authorization = "Bearer " .. ("t"):rep(5000) } }) end
    for _ = 1, 3 do
      local out = ask()
      assert.is_nil(out.status)
      assert.equal("ann", out:sent().headers["X-User"])
      assert.is_nil(out:sent().headers["Authorization"])
    end
    assert.equal(1, #gate.http.requests)
    gate.clock:advance(31)
    gate.http:on("POST http://authz/check", 403)
    assert.equal(403, ask().status)
    assert.equal(403, ask().status)
    assert.equal(2, #gate.http.requests)
  end)
end)


describe("slow-log", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("counts by route what took too long", function()
    local slow = probe.plugin("slow-log", SLOW)
    gate.log(gate.response(slow, "GET /x", { status = 200, duration = 0.9 }))
    gate.log(gate.response(slow, "GET /x", { status = 200, duration = 1.5, address = "10.0.0.9:80" }))
    assert.equal(1, gate.metrics 'slow_requests_total{route="spec"}')
    assert.equal(1, #gate.logged())
  end)
end)
