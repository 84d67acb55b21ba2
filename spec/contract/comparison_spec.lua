-- SPDX-License-Identifier: Apache-2.0
-- docs/comparison.md tells the truth about our side: its plugins load and do what the page says.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local page = files.read("docs/comparison.md")

local function block(name)
  return page:match("```lua\n(%-%- " .. name:gsub("[%-%.]", "%%%0") .. "\n.-\n)```") or error("no block " .. name)
end


describe("docs/comparison.md", function()
  before_each(function()
    gate.reset()
    for _, name in ipairs { "api-key", "ask", "blank", "slow" } do
      files.write(("plugins/%s.lua"):format(name), block(("plugins/%s.lua"):format(name)))
    end
    gate.plugins(files.folder() .. "/plugins")
  end)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("knows who is calling, and limits each caller", function()
    local routes = gate.routes(files.write("limited.lua", block "routes/limited.lua"))
    local function ask(key) return routes:request("GET /limited", { headers = { ["X-Api-Key"] = key } }) end
    assert.equal(401, ask("other").status)
    for _ = 1, 100 do assert.equal(200, ask("k-1").status) end
    assert.equal(429, ask("k-1").status)
    assert.equal(200, ask("k-2").status)
  end)

  it("asks another service and remembers the answer", function()
    local plugin = gate.plugin("ask", { url = "http://127.0.0.1:9000/check" })
    local function ask(token) return gate.request(plugin, { headers = { Authorization = token } }) end
    local asked = 0
    gate.http:on("GET http://127.0.0.1:9000/check", function(request)
      asked = asked + 1
      if request.headers["Authorization"] ~= "good" then return 401, "" end
      return 200, '{"user":"ann"}'
    end)
    assert.equal(401, ask(nil).status)
    for _ = 1, 3 do
      local out = ask("good")
      assert.is_nil(out.status)
      assert.equal("ann", out.req.client.id)
    end
    assert.equal(403, ask("bad").status)
    assert.equal(2, asked)
    gate.clock:advance(31)
    assert.is_nil(ask("good").status)
    assert.equal(3, asked)
  end)

  it("blanks a field wherever a chunk ends", function()
    local plugin = gate.plugin("blank", { field = "card" })
    local text = '{"id":1,"card":"4111"}\n{"id":2,"card": "42"}\n'
    for size = 1, #text do
      local chunks = {}
      for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
      local kind = { ["Content-Type"] = "application/x-ndjson" }
      local out = gate.response(plugin, {}, { headers = kind, chunks = chunks })
      assert.equal('{"id":1,"card":"***"}\n{"id":2,"card": "***"}\n', out.body)
    end
  end)

  it("logs what is slow", function()
    local plugin = gate.plugin("slow", { over = "1s" })
    local function log(seconds)
      gate.log(gate.response(plugin, { path = "/orders" }, { status = 200, duration = seconds }))
    end
    log(0.5)
    assert.equal(0, #gate.logged())
    log(1.5)
    assert.equal("/orders", gate.logged()[1].fields.path)
    assert.equal(1, gate.metrics('slow_requests_total{route="spec"}'))
  end)
end)
