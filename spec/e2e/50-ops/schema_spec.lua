-- SPDX-License-Identifier: Apache-2.0
-- lunette schema: JSON Schema of gateway.yaml and of settings, held against files that load and files that do not.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local json = gate.json


-- As much of a validator as these schemas need; of patterns only that of variables is judged.
local function fits(root, node, value)
  if node["$ref"] then
    local name = node["$ref"]:match("^#/%$defs/(.*)$")
    return fits(root, assert(root["$defs"][name], name), value)
  end
  local kind = type(value)
  local is_list = kind == "table" and #value > 0
  if node.anyOf then
    for _, one in ipairs(node.anyOf) do
      if fits(root, one, value) then return true end
    end
    return false
  end
  if node.enum or node.const then
    for _, one in ipairs(node.enum or { node.const }) do
      if one == value then return true end
    end
    return false
  end
  local types = {}
  for _, one in ipairs(type(node.type) == "table" and node.type or { node.type }) do types[one] = true end
  if kind == "table" then
    if next(value) == nil then return types.object or types.array or false end
    if is_list ~= (types.array or false) then return false end
  elseif not (types[kind] or (kind == "number" and value % 1 == 0 and types.integer)) then
    return false
  end
  if node.pattern and node.pattern:find("^\\%$") then return value:find("${", 1, true) ~= nil end
  if kind == "number" then return value >= (node.minimum or -math.huge) and value <= (node.maximum or math.huge) end
  if is_list then
    for _, one in ipairs(value) do
      if not fits(root, node.items, one) then return false end
    end
    return true
  end
  if kind ~= "table" then return true end
  for key, inner in pairs(value) do
    local known = node.properties and node.properties[key] or node.additionalProperties
    if not known or not fits(root, known, inner) then return false end
  end
  for _, key in ipairs(node.required or {}) do
    if value[key] == nil then return false end
  end
  return true
end


describe("lunette schema", function()
  local schema, d

  setup(function()
    d = gate.files { plugins = { mine = [[
-- Mine.
return plugin "mine" { version = "1", api = 1, schema = {
  depth = t.integer { min = 1, help = "How deep." }, key = t.secret { default = "hush-hush" },
} }]] } }
    local r = gate.run("schema", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code, r.err)
    schema = json.decode(r.out)
  end)
  teardown(gate.cleanup)

  it("is a JSON Schema with every key of the reference", function()
    assert.equal("https://json-schema.org/draft/2020-12/schema", schema["$schema"])
    local node, n = nil, 0
    for line in gate.run("docs", "directives").out:gmatch("[^\n]+") do
      local section, key = line:match("^## (.*)$"), line:match("^| `(%w+)` |")
      if section then
        node = schema
        for name in (section == "The file" and "" or section):gmatch("%w+") do
          node = node.properties[name]
          while node.anyOf or node.items do node = node.items or node.anyOf[#node.anyOf] end
        end
      elseif key then
        assert.is_string(node.properties[key].description, key)
        n = n + 1
      end
    end
    assert.is_true(n > 60, tostring(n))
  end)

  it("has the settings of all plugins inside, shipped or not", function()
    local plugins = schema["$defs"].plugin.anyOf[2].properties
    assert.is_table(plugins["rate-limit"])
    assert.equal("How deep.", plugins.mine.anyOf[1].properties.depth.description)
    assert.is_nil(plugins.mine.anyOf[1].properties.key.default)
  end)

  local S = function(more)
    local service = { name = "a", instances = { "http://127.0.0.1:1" } }
    for key, value in pairs(more) do service[key] = value end
    return { services = { service } }
  end
  local good = {
    { gateway = { port = ":8080", timeout = 30, workers = "auto" } },
    { gateway = { port = ":8080", timeout = "${T:-30s}", limits = { headers = "32k" } } },
    S { plugins = { "client-id", { ["rate-limit"] = { rate = "1/s", burst = 2 } }, { headers = json.null } } },
    S { instances = { { url = "http://127.0.0.1:1", weight = 2 } } },
    S { plugins = { { mine = { depth = 1, on_error = "skip" } } } },
    { reload = { watch = false } }, { reload = { watch = "on" } },
    { rateLimit = { requestsPerSecond = 100 } },
    { consumers = { { name = "a", keys = { "0123456789" }, limits = { rate = "1/s" }, metadata = { plan = "x" } } } },
    { consumers = { file = "consumers.yaml" } },
  }
  for i, document in ipairs(good) do
    it("fits what loads: " .. i, function() assert.is_true(fits(schema, schema, document)) end)
  end

  local bad = {
    { gateway = { prot = ":1" } }, { gateway = { workers = "many" } }, { gateway = { port = ":1" }, extra = 1 },
    { services = { { name = "a" } } }, S { strategy = "robin" }, S { retries = { tries = 0 } },
    S { plugins = { { ["rate-limit"] = { rte = "1/s" } } } }, S { plugins = { { nope = {} } } },
    { consumers = { { keys = "0123456789" } } }, { consumers = { file = "a", name = "b" } },
    S { plugins = { { mine = { depth = 0 } } } }, S { instances = { { weight = 2 } } }, { lua = { jit = "maybe" } },
  }
  for i, document in ipairs(bad) do
    it("refuses what does not load: " .. i, function() assert.is_false(fits(schema, schema, document)) end)
  end

  it("is of one plugin alone when that is named", function()
    local r = gate.run("schema", "mine", "-c", d:join("gateway.yaml"))
    assert.equal("settings of the plugin mine", json.decode(r.out).title)
    assert.falsy(r.out:find("hush", 1, true))
  end)

  it("is the same text every time", function()
    local function text() return gate.run("schema", "-c", d:join("gateway.yaml")).out end
    assert.equal(text(), text())
  end)

  it("says which plugin there is not", function()
    local r = gate.run("schema", "rate-limt", "-c", d:join("gateway.yaml"))
    assert.equal(1, r.code)
    assert.matches('did you mean "rate%-limit"', r.err)
  end)

  it("leaves out a plugin that does not load, and says so", function()
    local broken = gate.files { plugins = { broken = "x = 1" } }
    local r = gate.run("schema", "-c", broken:join("gateway.yaml"))
    assert.equal(0, r.code)
    assert.matches("left out: .*broken.lua:1", r.err)
    assert.is_nil(json.decode(r.out)["$defs"].plugin.anyOf[2].properties.broken)
  end)
end)
