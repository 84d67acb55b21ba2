-- SPDX-License-Identifier: Apache-2.0
-- lunette test in a folder of its own, as a user has it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local gateway = require "spec.support.gateway"
local process = gate.process

local PLUGIN = [[
-- Answers.
local p = plugin "mine" { version = "1.0.0", api = 1, schema = { word = t.string { default = "hello" } } }

function p:request(req, res)
  if req.path == "/never" then
    return 404, "never"
  end
  return 200, self.conf.word
end

return p
]]

local SPEC = [[
local gate = require "lunette.spec"
it("answers", function()
  assert.equal("%s", gate.request(gate.plugin("mine"), "GET /").body)
end)
]]


describe("lunette test", function()
  after_each(gate.cleanup)

  local function folder(files)
    local d = gate.dir()
    for name, text in pairs(files) do d:write(name, text) end
    return d
  end

  local function run(d, ...)
    return process.run(gateway.binary(), { "test", ... }, { cwd = d.path })
  end

  it("runs the specs in spec/", function()
    local r = run(folder { ["plugins/mine.lua"] = PLUGIN, ["spec/mine_spec.lua"] = SPEC:format "hello" })
    assert.equal(0, r.code, r.out .. r.err)
    assert.matches("1 success / 0 failures", r.out, 1, true)
  end)

  it("ends with 1 when a spec fails, however many do", function()
    local d = folder { ["plugins/mine.lua"] = PLUGIN, ["spec/mine_spec.lua"] = SPEC:format "bye" }
    assert.equal(1, run(d).code)
    d:write("spec/mine_spec.lua", "for i = 1, 256 do it('fails ' .. i, function() assert.is_true(false) end) end")
    assert.equal(1, run(d).code)
  end)

  it("runs only what is named", function()
    local d = folder { ["plugins/mine.lua"] = PLUGIN, ["spec/a_spec.lua"] = SPEC:format "bye",
      ["spec/b_spec.lua"] = SPEC:format "hello" }
    assert.equal(0, run(d, "spec/b_spec.lua").code)
    assert.equal(1, run(d, "spec/a_spec.lua").code)
  end)

  it("takes the options of busted", function()
    local d = folder { ["plugins/mine.lua"] = PLUGIN, ["spec/mine_spec.lua"] = SPEC:format "hello" }
    assert.matches("ok 1 %- ", run(d, "-o", "TAP").out)
    assert.equal(1, run(d, "--nonsense").code)
  end)

  it("runs 200 specs of plugins in less than a second", function()
    local specs = { 'local gate = require "lunette.spec"' }
    for i = 1, 200 do
      specs[#specs + 1] = ([[describe("case %d", function()
        before_each(gate.reset)
        it("answers", function()
          local out = gate.request(gate.plugin("mine", { word = "w%d" }), "GET /%d")
          assert.equal("w%d", out.body)
        end)
      end)]]):format(i, i, i, i)
    end
    local r = run(folder { ["plugins/mine.lua"] = PLUGIN, ["spec/many_spec.lua"] = table.concat(specs, "\n") })
    assert.matches("200 successes", r.out, 1, true)
    assert.is_true(tonumber(r.out:match(": ([%d.]+) seconds")) < 1 * gate.slow, r.out)
  end)
end)


describe("lunette test --coverage", function()
  after_each(gate.cleanup)

  local d

  before_each(function()
    d = gate.dir()
    d:write("plugins/mine.lua", PLUGIN)
    d:write("plugins/unused.lua", (PLUGIN:gsub('"mine"', '"unused"')))
    d:write("routes.lua", 'get "/" {\n  use "mine" { word = "routed" },\n  reply = { 404 },\n}\n')
    d:write("spec/mine_spec.lua", SPEC:format "hello" .. [[
      it("routes", function() assert.equal("routed", gate.routes("routes.lua"):request("GET /").body) end)
    ]])
  end)

  local function run(...)
    return process.run(gateway.binary(), { "test", ... }, { cwd = d.path })
  end

  it("names the lines that did not run, of plugins and routes", function()
    local r = run("--coverage")
    assert.equal(0, r.code, r.out .. r.err)
    assert.matches("%s83%.3 %%%s+5/6%s+plugins/mine%.lua: 6\n", r.out)
    assert.matches("100%.0 %%%s+%d+/%d+%s+routes%.lua\n", r.out)
    assert.matches("0%.0 %%%s+0/6%s+plugins/unused%.lua: 2%-", r.out)
    assert.matches("in all\n$", r.out)
  end)

  it("writes them for lcov", function()
    local r = run("--coverage=lcov.info")
    assert.equal(0, r.code, r.err)
    local text = d:read("lcov.info")
    assert.matches("SF:plugins/mine%.lua\nDA:2,%d+\n", text)
    assert.matches("DA:6,0\n", text, 1, true)
    assert.matches("LF:6\nLH:5\nend_of_record\n", text, 1, true)
  end)

  it("says when the file cannot be written", function()
    local r = run("--coverage=/nowhere/lcov.info")
    assert.equal(1, r.code)
    assert.matches("/nowhere/lcov.info", r.err, 1, true)
    assert.equal(0, run("--coverage=lcov.info").code)
  end)

  it("cannot be had with --jit", function()
    assert.equal(2, run("--coverage", "--jit").code)
  end)
end)


describe("lunette test --jit", function()
  after_each(gate.cleanup)

  it("names the line of a handler that stays interpreted, and says why", function()
    local d = gate.dir()
    d:write("plugins/mine.lua", (PLUGIN:gsub("return 200", "req.ctx.f = function() return req end\n  return 200")))
    d:write("spec/mine_spec.lua", [[
      local gate = require "lunette.spec"
      it("answers", function()
        local p = gate.plugin("mine")
        for _ = 1, 200 do gate.request(p, "GET /") end
      end)
    ]])
    local r
    for _ = 1, 8 do -- where traces begin is left to chance by the compiler
      r = process.run(gateway.binary(), { "test", "--jit" }, { cwd = d.path })
      assert.equal(0, r.code, r.err)
      if r.out:find("plugins/mine.lua:8", 1, true) then break end
    end
    assert.matches("plugins/mine.lua:8: a function made here for each request is interpreted", r.out, 1, true)
    d:write("plugins/mine.lua", PLUGIN)
    r = process.run(gateway.binary(), { "test", "--jit" }, { cwd = d.path })
    assert.matches("became machine code", r.out, 1, true)
  end)
end)
