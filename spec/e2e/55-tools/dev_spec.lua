-- SPDX-License-Identifier: Apache-2.0
-- plugins.specs and lunette dev: what its specs refuse is not taken.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local client = require "spec.support.client"
local gateway = require "spec.support.gateway"
local json = gate.json
local process = gate.process

local PLUGIN = [[
local p = plugin "my-word" { version = "1.0.0", api = 1 }
function p:request() return 200, %q end
return p
]]
local SPEC = [[
local gate = require "lunette.spec"
it("says something", function()
  assert.truthy(gate.request(gate.plugin("my-word")).body:find("^good"))
end)
]]
local ROUTES = 'get "/" { use "my-word" {}, reply = { 404 } }\n'


local function files(spec_path)
  return {
    routes = ROUTES, plugins = { ["my-word"] = PLUGIN:format "good" }, files = { [spec_path] = SPEC },
    extra = { plugins = { dir = "plugins", specs = true } },
  }
end


describe("plugins.specs", function()
  after_each(gate.cleanup)

  for _, path in ipairs { "spec/plugins/my-word_spec.lua", "spec/my-word_spec.lua", "spec/my_word_spec.lua" } do
    it("refuses a reload that " .. path .. " refuses", function()
      local options = files(path)
      options.expect = { "_spec%.lua:3", "stays in use" }
      local g = gate.start(options)
      g.dir:write("plugins/my-word.lua", PLUGIN:format "bad")
      local r = g:reload()
      assert.equal(1, r.code)
      assert.matches(path .. ":3: spec: says something: ", r.out .. r.err, 1, true)
      assert.equal("good", g:get("/").body)
      g.dir:write("plugins/my-word.lua", PLUGIN:format "good again")
      assert.equal(0, g:reload().code)
      assert.equal("good again", g:get("/").body)
    end)
  end

  it("is what lunette check says, and off by default", function()
    local options = files "spec/my-word_spec.lua"
    options.plugins["my-word"] = PLUGIN:format "bad"
    local d = gate.files(options)
    assert.equal(1, gate.run("check", "-c", d:join("gateway.yaml")).code)
    options.extra.plugins.specs = nil
    d = gate.files(options)
    assert.equal(0, gate.run("check", "-c", d:join("gateway.yaml")).code)
  end)

  it("keeps no gateway from starting", function()
    local options = files "spec/my-word_spec.lua"
    options.plugins["my-word"] = PLUGIN:format "bad"
    assert.equal("bad", gate.start(options):get("/").body)
  end)

  local odd = {
    ["ends the process"] = { "local ffi = require 'ffi' ffi.cdef 'void _exit(int);' ffi.C._exit(3)",
      "the specs of the plugins ended with code 3" },
    ["is no Lua"] = { "x = = 1", "my-word_spec.lua:1: spec: the file cannot be run: unexpected symbol" },
    ["dies"] = { "local ffi = require 'ffi' ffi.cdef 'int raise(int);' ffi.C.raise(9)", "ended by a signal: Killed" },
    ["raises"] = { "error('at once')", "my-word_spec.lua:1: spec: the file cannot be run: at once" },
  }
  for what, case in pairs(odd) do
    it("refuses when a spec " .. what, function()
      local options = files "spec/my-word_spec.lua"
      options.files["spec/my-word_spec.lua"] = case[1]
      local d = gate.files(options)
      local r = gate.run("check", "-c", d:join("gateway.yaml"))
      assert.equal(1, r.code)
      assert.matches(case[2], r.err, 1, true)
      d:write("spec/my-word_spec.lua", SPEC)
      assert.equal(0, gate.run("check", "-c", d:join("gateway.yaml")).code)
    end)
  end

  it("does not wait for a spec that does not end, and leaves nothing of it behind", function()
    local options = files "spec/my-word_spec.lua"
    options.files["spec/my-word_spec.lua"] = 'os.execute("sleep 600 &") while true do end'
    local d = gate.files(options)
    local p = process.start(gateway.binary(), { "check", "-c", d:join("gateway.yaml") })
    assert.equal(1, p:wait(30))
    assert.matches("took longer than 10 s", p.err.text, 1, true)
    p:destroy()
  end)
end)


describe("lunette dev", function()
  local d, p

  before_each(function()
    d = gate.files { routes = ROUTES, plugins = { ["my-word"] = PLUGIN:format "good" },
      files = { ["spec/my-word_spec.lua"] = SPEC } }
  end)

  after_each(function()
    p:signal(process.TERM)
    assert.equal(0, p:wait(15))
    p:destroy()
    gate.cleanup()
  end)

  local function start()
    p = process.start(gateway.binary(), { "dev", "-c", d:join("gateway.yaml"), "--report", "3",
      "--control", d:join("ctl") })
    gate.wait_until(function() return p.report.text:find("\n", 1, true) end, "the gateway to be ready", 20)
    return json.decode(p.report.text).listeners[1].address
  end

  it("takes what is saved when its specs pass, and shows those that fail", function()
    local address = start()
    local function body() return client.once(address, "GET", "/").body end
    assert.equal("good", body())
    d:write("plugins/my-word.lua", PLUGIN:format "bad")
    for _, text in ipairs { "my-word_spec.lua:3: spec: says something", "stays in use" } do
      gate.wait_until(function() return p.err.text:find(text, 1, true) end, text)
    end
    assert.equal("good", body())
    d:write("plugins/my-word.lua", PLUGIN:format "good as new")
    gate.eventually(function() return body() == "good as new" end, "the new code")
    assert.is_nil(p.err.text:find("\27[", 1, true)) -- colours are for terminals
  end)

  it("runs specs again when they are saved", function()
    start()
    d:write("spec/my-word_spec.lua", 'it("never", function() error("no luck") end)\n')
    gate.wait_until(function() return p.err.text:find("spec: never: no luck", 1, true) end, "the failure")
  end)

  it("starts with specs that fail, and says so", function()
    d:write("plugins/my-word.lua", PLUGIN:format "bad")
    start()
    assert.matches("warning: spec: says something", p.err.text, 1, true)
  end)
end)
