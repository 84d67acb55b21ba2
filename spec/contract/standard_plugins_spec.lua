-- SPDX-License-Identifier: Apache-2.0
-- docs/standard-plugins.md tells the truth: its routes load, and it names every standard plugin.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local page = files.read("docs/standard-plugins.md")


describe("docs/standard-plugins.md", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local count = 0
  for text in page:gmatch("\n```lua\n(.-\n)```") do
    count = count + 1
    it(("has routes in block %d that load"):format(count), function()
      gate.routes(files.write("routes.lua", text))
    end)
  end

  it("has blocks", function() assert.equal(3, count) end)

  it("names every standard plugin", function()
    for name in require("lfs").dir("plugins") do
      local plugin = name:match("^(.+)%.lua$")
      if plugin then assert.truthy(page:find("`" .. plugin .. "`", 1, true), plugin) end
    end
  end)

  it("puts its plugins in an order that works", function()
    local text = page:match("\n```lua\n(.-\n)```")
    local routes = gate.routes(files.write("routes.lua", text))
    local origin = { Origin = "https://app.example.com", ["Accept-Encoding"] = "gzip" }
    local out = routes:request("GET /api/users", { headers = origin, ip = "192.0.2.7" })
    assert.equal(403, out.status)
    assert.equal("https://app.example.com", out.headers["Access-Control-Allow-Origin"])
    assert.truthy(out.headers["X-Request-Id"])
    assert.equal("nosniff", out.headers["X-Content-Type-Options"])
    assert.is_nil(routes:request("GET /api/users", { headers = origin }).status)
  end)
end)
