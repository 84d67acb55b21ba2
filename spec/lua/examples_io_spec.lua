-- SPDX-License-Identifier: Apache-2.0
-- Services by name, two at once, as a route does it.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local DASHBOARD = [[
service "user-service" { instances = { "http://127.0.0.1:8091" } }
service "order-service" { instances = { "http://127.0.0.1:8092" } }

get "/dashboard" {
  function(req)
    local user, orders = parallel(
      function()
        return http.get { service = "user-service", path = "/me", headers = { ["X-Id"] = req.client.id } }
      end,
      function()
        return http.get { service = "order-service", path = "/recent", headers = { ["X-Id"] = req.client.id } }
      end)
    if not (user and orders) then return 502, { error = "a service is not answering" } end
    return 200, { user = user:json(), orders = orders:json() }
  end,
}
]]

describe("a route that asks two services", function()
  before_each(gate.reset)
  after_each(files.clean)

  it("answers with what both say", function()
    gate.http:on("GET user-service/me", function(request) return 200, { id = request.headers["X-Id"] } end)
    gate.http:on("GET order-service/recent", 200, { 7 })
    local out = gate.routes(files.write("routes.lua", DASHBOARD)):request("GET /dashboard", { client_id = "ann" })
    assert.same({ user = { id = "ann" }, orders = { 7 } }, out:json())
  end)
end)
