-- SPDX-License-Identifier: Apache-2.0
-- lunette new, types and docs in a user's folder: what they write works at once.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local gateway = require "spec.support.gateway"
local json = gate.json
local process = gate.process

local luacheck = io.popen("command -v luacheck"):read("*l")


local function run(d, ...)
  return process.run(gateway.binary(), { ... }, { cwd = d.path })
end


describe("lunette new plugin", function()
  after_each(gate.cleanup)

  it("makes a plugin, a spec and a page that pass at once", function()
    local d = gate.dir()
    local r = run(d, "new", "plugin", "api-key")
    assert.equal(0, r.code, r.err)
    for _, path in ipairs { "plugins/api-key.lua", "spec/plugins/api-key_spec.lua", "docs/plugins/api-key.md" } do
      assert.matches("wrote " .. path .. "\n", r.out, 1, true)
      assert.is_string(d:read(path))
    end
    r = run(d, "test", "--coverage")
    assert.equal(0, r.code, r.out .. r.err)
    assert.matches("7 successes / 0 failures", r.out, 1, true)
    assert.matches("100%.0 %%%s+%d+/%d+%s+plugins/api%-key%.lua\n", r.out)
  end)

  it("makes a plugin that a gateway takes", function()
    local d = gate.dir()
    run(d, "new", "plugin", "p2")
    d:write("gateway.yaml", 'gateway: { port: "127.0.0.1:0" }\n')
    d:write("routes.lua", 'get "/" { use "p2" {}, reply = { 200 } }\n')
    assert.equal(0, run(d, "check", "-c", "gateway.yaml").code)
  end)

  it("writes into another folder", function()
    local d = gate.dir()
    d:write("there/x", "")
    local r = run(d, "new", "plugin", "mine", "there")
    assert.equal(0, r.code, r.err)
    assert.is_string(d:read("there/plugins/mine.lua"))
    assert.equal(1, run(d, "new", "plugin", "mine", "nowhere").code)
  end)

  local paths = { "plugins/mine.lua", "spec/plugins/mine_spec.lua", "docs/plugins/mine.md", "plugins/mine/init.lua" }

  for _, path in ipairs(paths) do
    it("writes nothing when there is a " .. path, function()
      local d = gate.dir()
      d:write(path, "mine\n")
      local r = run(d, "new", "plugin", "mine")
      assert.equal(1, r.code)
      assert.matches(path .. " is there already; nothing was written", r.err, 1, true)
      assert.equal("mine\n", d:read(path))
      local written = 0
      for _, other in ipairs { "plugins/mine.lua", "spec/plugins/mine_spec.lua", "docs/plugins/mine.md" } do
        written = written + (other ~= path and d:read(other) and 1 or 0)
      end
      assert.equal(0, written)
    end)
  end

  for _, name in ipairs { "Mine", "1st", "a_b", "a.b", "../a", "a/b", "a--b", "a-", "", ("x"):rep(65), "a b" } do
    it(("refuses the name %q"):format(name), function()
      local d = gate.dir()
      local r = run(d, "new", "plugin", name)
      assert.equal(1, r.code)
      assert.matches("name", r.err)
      assert.equal(0, run(d, "new", "plugin", "good").code)
    end)
  end

  it("refuses the name of a standard plugin", function()
    assert.matches('"rate-limit" is a standard plugin', run(gate.dir(), "new", "plugin", "rate-limit").err, 1, true)
  end)

  for _, words in ipairs { {}, { "plugn", "x" }, { "plugin" }, { "plugin", "a", ".", "b" } } do
    it(("%q is no use of it"):format(table.concat(words, " ")), function()
      local r = run(gate.dir(), "new", unpack(words))
      assert.equal(2, r.code)
      assert.matches("usage: lunette new plugin NAME [DIR]", r.err, 1, true)
    end)
  end
end)


describe("lunette types", function()
  after_each(gate.cleanup)

  it("writes what editors and linters read, once", function()
    local d = gate.dir()
    local r = run(d, "types")
    assert.equal(0, r.code, r.err)
    assert.same({ ".lunette/library" }, json.decode(d:read(".luarc.json"))["workspace.library"])
    assert.matches("^%-%-%-@meta\n", d:read(".lunette/library/lunette.lua"))
    assert.matches("---@type lunette.Gate", d:read(".lunette/library/lunette/spec.lua"), 1, true)
    assert.matches("wrote      .luacheckrc", r.out, 1, true)
    r = run(d, "types")
    assert.equal(0, r.code)
    assert.matches("unchanged  .luacheckrc", r.out, 1, true)
  end)

  it("keeps what is there and differs, unless it is told otherwise", function()
    local d = gate.dir()
    d:write(".luacheckrc", "std = 'max'\n")
    local r = run(d, "types", ".")
    assert.equal(1, r.code)
    assert.matches("kept       .luacheckrc", r.out, 1, true)
    assert.equal("std = 'max'\n", d:read(".luacheckrc"))
    assert.is_string(d:read(".luarc.json"))
    assert.equal(0, run(d, "types", "--force").code)
    assert.matches("stds.lunette_plugin", d:read(".luacheckrc"), 1, true)
  end)

  it("says when the folder is not there", function()
    assert.equal(1, run(gate.dir(), "types", "nowhere").code)
  end)

  it("gives luacheck what it needs for plugins, routes and specs", function()
    if not luacheck then return pending("luacheck is not installed") end
    local d = gate.dir()
    run(d, "types")
    run(d, "new", "plugin", "mine")
    local listing = io.popen("ls '" .. gate.root .. "'/plugins/*.lua")
    for path in listing:lines() do
      local file = io.open(path)
      d:write("plugins/" .. path:match("[^/]+$"), file:read("*a"))
      file:close()
    end
    listing:close()
    d:write("routes.lua",
      'get "/:id" { use "mine" {}, function(req) return 200, json.encode { id = req.params.id } end }\n')
    local r = process.run(luacheck, { "." }, { cwd = d.path })
    assert.equal(0, r.code, r.out)
    local bad = 'local p = plugin "bad" { version = "1", api = 1 }\nfunction p:log()\n%s\nend\nreturn p\n'
    for _, body in ipairs { "return os.time()", "json.encod {}", "log.inform 'x'", "counter = 1" } do
      d:write("plugins/bad.lua", bad:format(body))
      assert.equal(1, process.run(luacheck, { "plugins/bad.lua" }, { cwd = d.path }).code, body)
    end
  end)
end)


describe("lunette docs", function()
  after_each(gate.cleanup)

  it("prints the settings of a plugin, by its name or its file", function()
    local d = gate.dir()
    run(d, "new", "plugin", "mine")
    local page = d:read("docs/plugins/mine.md")
    assert.equal(page, run(d, "docs", "mine").out)
    assert.equal(page, run(d, "docs", "plugins/mine.lua").out)
    assert.matches("# rate%-limit\n", run(d, "docs", "rate-limit").out)
  end)

  it("prints the pages of the reference", function()
    local d = gate.dir()
    assert.matches("# The Lua API, version 1\n", run(d, "docs", "api").out, 1, true)
    assert.matches("## rate-limit\n", run(d, "docs", "plugins").out, 1, true)
  end)

  it("says what there is instead", function()
    local r = run(gate.dir(), "docs", "apii")
    assert.equal(1, r.code)
    assert.matches('did you mean "api"?', r.err, 1, true)
    assert.equal(2, run(gate.dir(), "docs").code)
  end)
end)
