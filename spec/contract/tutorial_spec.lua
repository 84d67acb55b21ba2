-- SPDX-License-Identifier: Apache-2.0
-- docs/plugins.md tells the truth: its plugin loads, its spec passes, its messages are what is said.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local page = files.read("docs/plugins.md")

-- The text of the block of code whose first line is a comment that begins with `head`.
local function block(head)
  for lang, text in page:gmatch("\n```(%l*)\n(.-\n)```") do
    if lang == "lua" and text:sub(1, #head + 3) == "-- " .. head then return text end
  end
  error("no block of code " .. head)
end


-- Puts the page's plugins where a reader would have them.
local function write_all()
  for _, name in ipairs { "closed", "redact", "authz", "lockout", "redis-quota" } do
    files.write(("plugins/%s.lua"):format(name), block(("plugins/%s.lua\n"):format(name)))
  end
  gate.plugins(files.folder() .. "/plugins")
end


describe("docs/plugins.md", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("starts with a plugin that answers", function()
    files.write("plugins/closed.lua", block "plugins/closed.lua, first try")
    gate.plugins(files.folder() .. "/plugins")
    local out = gate.request(gate.plugin "closed", "GET /shop")
    assert.equal(503, out.status)
    assert.truthy(page:find((out.body:gsub("%s+$", "")), 1, true))
  end)

  it("uses it in a route", function()
    write_all()
    local route = gate.routes(files.write("shop.lua", block "conf/routes/shop.lua")):match("GET /shop")
    assert.equal("closed -> function", route.chain)
  end)

  it("shows the message for a misspelt handler", function()
    local text = block("plugins/closed.lua, first try"):gsub("closed:request", "closed:requst")
    files.write("plugins/closed.lua", text)
    gate.plugins(files.folder() .. "/plugins")
    local _, why = pcall(gate.plugin, "closed")
    local said = tostring(why):match("closed%.lua:%d+: [^\n]*")
    assert.truthy(page:find("plugins/" .. said, 1, true), why)
  end)

  it("shows the message for wrong settings", function()
    write_all()
    local text = block("conf/routes/shop.lua"):gsub('"closed" {}',
      '"closed" { retry_after = "soon", alow = {} }')
    local _, why = pcall(gate.routes, files.write("shop.lua", text))
    local said = tostring(why):match("shop%.lua:3: [^\n]*\n[^\n]*\n[^\n]*")
    assert.truthy(said and page:find(said, 1, true), why)
  end)

  it("has the plugin of the specs in it", function()
    local without = function(text) return (text:gsub("^%-%- [^\n]*\n", "", 1)) end
    assert.equal(without(files.read("spec/fixtures/plugins/redact.lua")), without(block "plugins/redact.lua\n"))
  end)

  it("changes a request's content", function()
    local routes = gate.routes(files.write("orders.lua", block "conf/routes/orders.lua"))
    local out = routes:request("POST /orders", { body = '{"item":7}', client_id = "ann" })
    assert.is_nil(out.status)
    assert.same({ item = 7, client = "ann" }, require("lunette.json").decode(out:sent().body))
    out = routes:request("POST /orders", { body = '{"item":' })
    assert.equal(400, out.status)
  end)

  it("asks two services at once", function()
    gate.http:on("GET http://users/me", 200, { name = "ann" })
    gate.http:on("GET http://orders/recent", 200, { 1, 2 })
    local routes = gate.routes(files.write("dashboard.lua", block "conf/routes/dashboard.lua"))
    assert.same({ user = { name = "ann" }, orders = { 1, 2 } }, routes:request("GET /dashboard"):json())
    gate.http:on("GET http://orders/recent", nil, "timed out")
    assert.equal(502, routes:request("GET /dashboard").status)
  end)
end)


-- The page's own spec runs as it stands; only the folder of the plugins is another one.
local reader = setmetatable({
  reset = function()
    gate.reset()
    write_all()
  end,
}, { __index = gate })
local env = setmetatable({
  require = function(name) return name == "lunette.spec" and reader or require(name) end,
}, { __index = getfenv() })

for _, name in ipairs { "closed", "redact", "authz", "lockout", "redis-quota" } do
  local chunk = assert(loadstring(block(("spec/plugins/%s_spec.lua"):format(name)), "@docs/plugins.md"))
  setfenv(chunk, env)

  describe(("the spec of %s on the page"):format(name), function()
    after_each(function()
      files.clean()
      gate.reset()
    end)
    chunk()
  end)
end
