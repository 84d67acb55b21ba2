-- SPDX-License-Identifier: Apache-2.0
-- Commands, exit codes, help.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the command line", function()
  after_each(gate.cleanup)

  it("version: one line, exit 0", function()
    local r = gate.run("version")
    assert.equal(0, r.code)
    assert.matches("^lunette %d+%.%d+", r.out)
  end)

  it("help names every command", function()
    local r = gate.run("help")
    assert.equal(0, r.code)
    for _, command in ipairs { "run", "check", "routes", "reload", "test", "version", "help" } do
      assert.matches(command, r.out, 1, true)
    end
  end)

  it("--help is help", function()
    assert.equal(0, gate.run("--help").code)
  end)

  for _, args in ipairs { { "frobnicate" }, { "run", "--frobnicate" }, { "check", "-c" }, {} } do
    it(("%q is a usage error: exit 2, with a word on standard error"):format(table.concat(args, " ")), function()
      local r = gate.run(unpack(args))
      assert.equal(2, r.code)
      assert.matches("%S", r.err)
    end)
  end

  it("suggests the command that was meant", function()
    assert.matches("check", gate.run("chekc").err, 1, true)
  end)

  it("routes: the effective table with file and line", function()
    local d = gate.files {
      services = { { name = "main", path = "/api", instances = { "http://127.0.0.1:1" } } },
      routes = 'get "/a/:id" { to = service "main", use "headers" { client_id = "X" } }\n'
        .. 'post "/b" { reply = { 200 } }',
    }
    local r = gate.run("routes", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code, r.err)
    assert.matches("GET%s+/a/:id%s+%S*routes%.lua:1%s+%[headers%]", r.out)
    assert.matches("POST%s+/b%s+%S*routes%.lua:2", r.out)
    assert.matches("/api", r.out, 1, true)
  end)

  it("routes --json: the same for machines", function()
    local d = gate.files { routes = 'get "/a" { reply = { 200 } }' }
    local r = gate.run("routes", "--json", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code, r.err)
    assert.matches("/a", gate.json.encode(gate.json.decode(r.out)), 1, true)
  end)

  it("routes: exit 1 with a broken configuration", function()
    local d = gate.files { routes = "frobnicate()" }
    assert.equal(1, gate.run("routes", "-c", d:join("gateway.yaml")).code)
  end)

  it("run: exit 1 with a broken configuration, and the errors on standard error", function()
    local d = gate.files { gateway = { timeuot = 1 } }
    local r = gate.run("run", "-c", d:join("gateway.yaml"), "--control", d:join("ctl"))
    assert.equal(1, r.code)
    assert.matches("timeuot", r.err, 1, true)
  end)

  it("reload: exit 1 when there is nobody to reload", function()
    local d = gate.files {}
    local r = gate.run("reload", "-c", d:join("gateway.yaml"), "--control", d:join("ctl"))
    assert.equal(1, r.code)
    assert.matches("%S", r.err)
  end)

  it("reload finds its gateway by the configuration alone", function()
    local place = gate.dir()
    local d = gate.files { gateway = {} }
    local env = { XDG_RUNTIME_DIR = place.path, LUNETTE_CONTROL = false }
    local binary = os.getenv("LUNETTE_BIN") or gate.root .. "/build/lunette"
    local p = gate.process.start(binary, { "run", "-c", d:join("gateway.yaml"), "--report", "3" }, { env = env })
    local ok, err = pcall(function()
      gate.wait_until(function() return p.report.text:find("\n") end, "readiness")
      local r = gate.process.run(binary, { "reload", "-c", d:join("gateway.yaml") }, { env = env })
      assert.equal(0, r.code, r.err)
      p:signal(gate.process.TERM)
      assert.equal(0, p:wait())
    end)
    p:destroy()
    assert.is_true(ok, err)
  end)

  it("without -c takes gateway.yaml before conf/gateway.yaml, and says where it looked", function()
    local place = gate.dir()
    local binary = os.getenv("LUNETTE_BIN") or gate.root .. "/build/lunette"
    if binary:sub(1, 1) ~= "/" then binary = gate.root .. "/" .. binary end
    local function check()
      return gate.process.run("/bin/sh", { "-c", ('cd "%s" && exec "%s" check'):format(place.path, binary) })
    end
    -- /etc/lunette/gateway.yaml is not ours to write: where there is one, nothing is missing
    if not io.open("/etc/lunette/gateway.yaml") then
      local r = check()
      assert.equal(1, r.code)
      assert.matches("no gateway.yaml, conf/gateway.yaml or /etc/lunette/gateway.yaml; -c FILE", r.err, 1, true)
    end
    place:write("conf/gateway.yaml", "frobnicate: 1\n")
    assert.matches("conf/gateway.yaml:1", check().out .. check().err, 1, true)
    place:write("gateway.yaml", 'gateway: { port: ":8080" }\n')
    place:write("routes.lua", 'get "/x" { reply = { 200 } }\n')
    local r = check()
    assert.equal(0, r.code, r.err)
    assert.matches("configuration ok: 1 route, 0 services", r.out, 1, true)
  end)
end)
