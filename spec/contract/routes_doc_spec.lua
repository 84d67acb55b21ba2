-- SPDX-License-Identifier: Apache-2.0
-- Every example of docs/routes.md loads, takes what the page says it takes, and makes the table that it shows.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local function page()
  local file = assert(io.open("docs/routes.md", "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


-- The services that stand in gateway.yaml there.
local YAML = 'gateway: { port: "127.0.0.1:0" }\nservices:\n'
  .. '- { name: user-service, instances: ["http://localhost:8081"] }\n'
  .. '- { name: stable, instances: ["http://localhost:8081"] }\n'
  .. '- { name: beta, instances: ["http://localhost:8082"] }\n'

local function load(block)
  return gate.routes { yaml = YAML, routes = files.write("routes.lua", block) }
end


describe("docs/routes.md", function()
  local blocks = {}
  for block in page():gmatch("\n```lua\n(.-)```") do blocks[#blocks + 1] = block end

  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("has four examples", function() assert.equal(4, #blocks) end)

  for i, block in ipairs(blocks) do
    it("has example " .. i .. " that loads without a warning", function()
      assert.equal("", load(block).warnings)
    end)
  end

  it("shows the table of the first", function()
    local shown = page():match("shows what that makes:\n\n```\n(.-)```")
    local routes = load(blocks[1]).list
    local n = 0
    for line in shown:gmatch("[^\n]+") do
      n = n + 1
      local method, path, at, rest = line:match("^(%u+)%s+(%S+)%s+routes.lua:(%d+)%s+(.*)$")
      local chain, service = rest:match("^%[(.-)%]%s*[->]*%s*(%S*)$")
      local route = routes[n]
      assert.equal(method, route.method or "ANY")
      assert.equal(path, route.path)
      assert.equal(tonumber(at), route.line)
      assert.equal(chain, route.chain)
      assert.equal(service, route.service or "")
    end
    assert.equal(#routes, n)
  end)

  it("means what it says of conditions", function()
    local routes = load(blocks[2])
    local tester = { headers = { ["X-Version"] = "2", Cookie = "staff=1" } }
    assert.equal("testers", routes:match("GET /shop/cart", tester).name)
    assert.equal("stable", routes:match("GET /shop/cart", { ip = "192.0.2.7" }).service)
    local reports = load(blocks[3])
    assert.equal("2024", (select(2, reports:match("GET /reports/2024"))).year)
    assert.is_nil(reports:match("GET /reports/mine"))
    assert.equal("mine", (select(2, reports:match("GET /drafts/mine", { ip = "10.0.0.1" }))).name)
    assert.is_nil(reports:match("GET /drafts/mine", { ip = "192.0.2.7" }))
  end)

  it("means what it says of splits", function()
    local routes, seen = load(blocks[4]), { stable = 0, beta = 0 }
    for _ = 1, 100 do
      local service = routes:match("GET /api/x").service
      seen[service] = seen[service] + 1
    end
    assert.same({ stable = 90, beta = 10 }, seen)
  end)
end)
