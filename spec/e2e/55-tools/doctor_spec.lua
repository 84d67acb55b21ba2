-- SPDX-License-Identifier: Apache-2.0
-- lunette doctor: what it looks at, and when it calls something wrong.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local gateway = require "spec.support.gateway"
local json = gate.json
local process = gate.process


local function doctor(d, ...)
  return process.run(gateway.binary(), { "doctor", "-c", "gateway.yaml", ... }, { cwd = d.path })
end


local function folder(files)
  local d = gate.dir()
  d:write("gateway.yaml", 'gateway: { port: "127.0.0.1:0", workers: 1 }\n')
  for name, text in pairs(files or {}) do d:write(name, text) end
  return d
end


describe("lunette doctor", function()
  after_each(gate.cleanup)

  it("finds nothing wrong where nothing is", function()
    local r = doctor(folder())
    assert.equal(0, r.code, r.out)
    for _, name in ipairs {
      "program", "system", "engine", "compiler", "open files", "memory", "SO_REUSEPORT", "shared memory", "inotify",
      "backlog", "user", "configuration", "permissions",
    } do
      assert.truthy(r.out:find("\n" .. name, 1, true) or r.out:find("  " .. name .. "  ", 1, true), name)
    end
    assert.is_nil(r.out:find("WRONG", 1, true))
    assert.matches("libluajit", r.out, 1, true)
    assert.matches("stopped by the guard", r.out, 1, true)
  end)

  it("answers in JSON", function()
    local report = json.decode(doctor(folder(), "--json").out)
    assert.is_true(report.ok)
    local seen = {}
    for _, check in ipairs(report.checks) do seen[check.name] = check.verdict end
    assert.equal("ok", seen.engine)
    assert.equal("ok", seen.configuration)
  end)

  it("is worried about a configuration that does not load", function()
    local r = doctor(folder { ["gateway.yaml"] = "gateway: { prot: 1 }\n" })
    assert.equal(1, r.code)
    assert.matches("WRONG  configuration", r.out, 1, true)
    assert.is_false(json.decode(doctor(folder { ["gateway.yaml"] = "x: 1\n" }, "--json").out).ok)
  end)

  it("says when there is no configuration", function()
    local r = process.run(gateway.binary(), { "doctor", "-c", "none.yaml" }, { cwd = gate.dir().path })
    assert.equal(0, r.code)
    assert.matches("look   configuration", r.out, 1, true)
  end)

  it("is worried about files that everybody may write", function()
    local d = folder { ["routes.lua"] = 'get "/" { reply = { 200 } }\n', ["plugins/mine.lua"] = "return 1\n" }
    os.execute("chmod 666 '" .. d:join("routes.lua") .. "'")
    local r = doctor(d)
    assert.equal(1, r.code)
    assert.matches("permissions    %S*routes.lua: everybody may write it", r.out)
    os.execute("chmod 644 '" .. d:join("routes.lua") .. "'")
    assert.equal(0, doctor(d).code)
    os.execute("chmod 777 '" .. d:join("plugins") .. "'")
    assert.matches("permissions    %S*plugins: everybody may write it", doctor(d).out)
  end)

  it("notices few open files", function()
    local r = process.run("/bin/sh", { "-c", 'ulimit -n 512; exec "$0" doctor -c gateway.yaml', gateway.binary() },
      { cwd = folder().path })
    assert.equal(0, r.code, r.out .. r.err)
    assert.matches("look   open files     at most 512", r.out, 1, true)
  end)

  it("notices what listeners and Lua ask for and cannot have", function()
    local r = doctor(folder { ["gateway.yaml"] = [[
      gateway: { listeners: [ { name: main, listen: "127.0.0.1:0", backlog: 65535 } ], workers: 1 }
      lua: { memory: 1g, jit: off }
    ]] })
    local file = assert(io.open("/proc/sys/net/core/somaxconn"))
    local most = file:read("*n")
    file:close()
    assert.matches(most < 65535 and "look   backlog" or "ok     backlog", r.out, 1, true)
    assert.matches("look   compiler       lua.jit is off", r.out, 1, true)
  end)
end)


describe("lunette doctor --jit", function()
  after_each(gate.cleanup)

  local PLUGIN = [[
local p = plugin "mine" { version = "1.0.0", api = 1 }
function p:response(req, res)
  %s
end
return p
]]
  local ROUTES = 'get "/users/:id" { use "mine" {}, function(req) return 200, req.params.id end }\n'

  it("has every standard plugin and every route compiled", function()
    local r = doctor(folder { ["routes.lua"] = ROUTES, ["plugins/mine.lua"] = PLUGIN:format 'res.headers["X"] = "1"' },
      "--jit")
    assert.equal(0, r.code, r.out)
    assert.matches("ok     compiled       plugin rate-limit\n", r.out, 1, true)
    assert.matches("ok     compiled       GET /users/:id (routes.lua:1)\n", r.out, 1, true)
  end)

  it("has settings that fit for every standard plugin", function()
    for _, one in ipairs(json.decode(doctor(folder(), "--jit", "--json").out).jit) do
      assert.is_nil(one.skipped, one.about)
      for _, spot in ipairs(one.spots) do assert.is_true(spot.harmless, spot.place .. ": " .. spot.reason) end
    end
  end)

  it("names the line of a plugin that stays interpreted", function()
    local d = folder { ["routes.lua"] = ROUTES,
      ["plugins/mine.lua"] = PLUGIN:format 'req.ctx.f = function() return req end' }
    local r = doctor(d, "--jit")
    assert.equal(1, r.code, r.out)
    assert.matches("WRONG  compiled       GET /users/:id (routes.lua:1):\n", r.out, 1, true)
    assert.matches("\n         plugins/mine.lua:3: a function made here", r.out, 1, true)
    local report = json.decode(doctor(d, "--jit", "--json").out)
    assert.is_false(report.ok)
    local last = report.jit[#report.jit]
    assert.equal("plugins/mine.lua:3", last.spots[1].place)
  end)
end)
