-- SPDX-License-Identifier: Apache-2.0
-- lunette routes: the table with conditions and targets, and the story of one request.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ROUTES = [[
local main, beta = service "main", service "beta"
get "/health" { reply = { 200 } }
use "client-id" {}
get "/users/:id" { to = main, strip = "/users" }
get "/users/:id" { to = beta, when = { header = { ["X-Version"] = "2" } } }
get "/users/me" { to = main, host = "a.example" }
get "/n/:n" { to = main, when = function(req) return tonumber(req.params.n) end }
get "/inner" { to = main, listener = "second" }
get "/office" { to = main, when = { client = "192.0.2.0/24" } }
get "/broken" { to = main, when = function(req) error("boom") end }
get "/split" { to = split { { main, 9 }, { beta, 1 }, by = "client" } }
]]


describe("lunette routes", function()
  local conf

  setup(function()
    local d = gate.files {
      services = {
        { name = "main", path = "/api", instances = { "http://127.0.0.1:1" } },
        { name = "beta", instances = { "http://127.0.0.1:2" } },
      },
      gateway = { listeners = {
        { name = "first", listen = "127.0.0.1:0" }, { name = "second", listen = "127.0.0.1:0" },
      } },
      routes = ROUTES,
    }
    conf = d:join("gateway.yaml")
  end)
  teardown(gate.cleanup)

  local function why(request, ...)
    local r = gate.run("routes", "-c", conf, "--why", request, ...)
    return r.out, r.code, r.err
  end

  local function has(text, ...)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  it("is an aligned table with chains, targets, hosts and conditions", function()
    local out = gate.run("routes", "-c", conf).out
    has(out, "-> beta", 'when header X-Version is "2"', "host a.example", "listener second",
      "when function at routes.lua:7", "-> split main 90%, beta 10% by client", "ANY /api/*")
    local columns = {}
    for line in out:gmatch("[^\n]+") do columns[line:find("[", 1, true)] = true end
    assert.is_nil(next(columns, next(columns)), out)
  end)

  it("is the same in JSON", function()
    local list = gate.json.decode(gate.run("routes", "-c", conf, "--json").out)
    assert.equal(10, #list)
    assert.equal("beta", list[3].service)
    assert.same({ 'header X-Version is "2"' }, list[3].when)
    assert.equal("split main 90%, beta 10% by client", list[9].split)
    assert.equal("/api", list[10].strip)
  end)

  it("tells who takes a request, and why the others do not", function()
    local out, code = why("GET /users/7")
    assert.equal(0, code)
    has(out, "GET /users/7, host localhost, listener first, client 127.0.0.1",
      'header X-Version is "2" does not hold: there is none', "takes it", 'params:  id = "7"', "plugins: client-id",
      "service: main (http://127.0.0.1:1)", "path:    without /users", 'segment 2 of its path is "me", not "7"')
  end)

  it("takes headers, an address and a listener", function()
    has((why("GET /users/7", "-H", "X-Version: 2")), "service: beta")
    has((why("GET /users/7", "-H", "x-version:3")), 'it is "3"')
    has((why("GET /users/me", "-H", "Host: a.example")), "host a.example", "service: main")
    has((why("GET http://a.example/users/me")), "service: main")
    has((why("GET /users/me")), "its host is a.example")
    has((why("GET /office", "--from", "192.0.2.9")), "takes it")
    has((why("GET /office")), 'client is in 192.0.2.0/24 does not hold: it is "127.0.0.1"')
    has((why("GET /inner")), "it is for another listener")
    has((why("GET /inner", "--listener", "second")), "takes it")
  end)

  it("runs the functions among the conditions", function()
    has((why("GET /n/12")), "takes it", 'n = "12"')
    local out, code = why("GET /n/twelve")
    assert.equal(1, code)
    has(out, "function at routes.lua:7 does not hold", "404, no route takes it")
    local broken, rc, err = why("GET /broken")
    assert.equal(1, rc)
    has(broken, "it raised an error", "500, because a condition of GET /broken raised an error")
    has(err, "boom")
  end)

  it("tells what a split would do for this client", function()
    has((why("GET /split")), "split main 90%, beta 10% by client: this one goes to ")
  end)

  it("knows 404, 405 and what is refused", function()
    has((why("POST /health")), "its method is GET", "405, because only another method fits: GET, HEAD")
    has((why("GET /helth")), 'segment 1 of its path is "health", not "helth"', "404")
    has((why("GET /users")), 'its path goes on with "/:id"', "404")
    has((why("GET /health/")), "its path has no slash at the end")
    has((why("GET /a%ZZ")), "refused with 400")
  end)

  it("tells of routes that would fit but are less specific", function()
    has((why("GET /api/x")), "takes it", 'rest = "x"')
  end)

  it("says in JSON what it says in words", function()
    local story = gate.json.decode((why("GET /users/7", "--json")))
    assert.equal("GET /users/:id", story.route.name)
    assert.same({ id = "7" }, story.params)
    assert.equal("main", story.service)
    assert.equal("passed", story.candidates[1].verdict)
    assert.equal("taken", story.candidates[2].verdict)
    assert.equal("near", story.candidates[3].verdict)
    has(story.story, "takes it")
  end)

  local mistakes = {
    { "-H", "Host: a b", 'is no host' },
    { "-H", "nothing", 'is no header, expected "Name: value"' },
    { "-H", "A B: c", "is no header that a request can have" },
    { "--from", "here", "is no address" }, { "--listener", "third", 'there is no listener "third"' },
  }
  for _, case in ipairs(mistakes) do
    it(("refuses %s %q"):format(case[1], case[2]), function()
      local _, code, err = why("GET /health", case[1], case[2])
      assert.equal(2, code)
      has(err, case[3])
    end)
  end
end)


describe("lunette eject", function()
  after_each(gate.cleanup)

  local SERVICES = {
    {
      name = "users", path = "/api/users", instances = { "http://127.0.0.1:1" },
      plugins = {
        { ["client-id"] = { from = { "header:X-Api-Key", "query:key" }, required = false } },
        { ["rate-limit"] = { rate = "${LN_RATE:-100/s}", burst = 10 } },
        { headers = { request = { set = { ["X-Secret"] = "a ${LN_SECRET} b", ["if"] = "1" } } } },
      },
    },
    { name = "kept", path = "/kept", stripPath = false, instances = { "http://127.0.0.1:2" } },
    { name = "all", path = "/", instances = { "http://127.0.0.1:3" } },
    { name = "unrouted", instances = { "http://127.0.0.1:4" } },
  }
  local ENV = { LN_SECRET = "hush hush" }

  local function run(...)
    return gate.process.run(os.getenv("LUNETTE_BIN") or gate.root .. "/build/lunette", { ... }, { env = ENV })
  end

  local function table_of(d)
    local r = run("routes", "--json", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code, r.err)
    local list = gate.json.decode(r.out)
    for _, route in ipairs(list) do route.file, route.line = nil, nil end
    return list
  end

  it("writes a routes file that gives the same table", function()
    local d = gate.files { services = SERVICES }
    local r = run("eject", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code, r.err)
    assert.truthy(r.out:find('env("LN_RATE", "100/s")', 1, true), r.out)
    assert.truthy(r.out:find('"a " .. env("LN_SECRET") .. " b"', 1, true), r.out)
    assert.falsy(r.out:find("hush", 1, true))
    local bare = {}
    for i, service in ipairs(SERVICES) do
      bare[i] = {}
      for key, value in pairs(service) do bare[i][key] = key ~= "plugins" and value or nil end
    end
    local after = gate.files { services = bare, extra = { generatedRoutes = false }, routes = r.out }
    assert.same(table_of(d), table_of(after))
  end)

  it("has nothing to write where nothing is generated", function()
    local d = gate.files { services = { { name = "a", instances = { "http://127.0.0.1:1" } } } }
    local r = gate.run("eject", "-c", d:join("gateway.yaml"))
    assert.equal(0, r.code)
    assert.equal("", r.out)
    assert.truthy(r.err:find("no service has a path", 1, true))
  end)

  it("tells what is wrong with a configuration that does not load", function()
    local d = gate.files { services = { { name = "a" } } }
    local r = gate.run("eject", "-c", d:join("gateway.yaml"))
    assert.equal(1, r.code)
    assert.truthy(r.err:find("instances", 1, true), r.err)
  end)

  it("knows the scheme as a request would: from those who are trusted", function()
    local d = gate.files {
      services = { { name = "main", instances = { "http://127.0.0.1:1" } } },
      gateway = { trustedProxies = { "192.0.2.1" } },
      routes = [[get "/a" { to = service "main", when = { scheme = "https" } }]],
    }
    local function taken(from, header)
      return gate.run("routes", "-c", d:join("gateway.yaml"), "--why", "GET /a", "--from", from, "-H", header).code == 0
    end
    assert.is_true(taken("192.0.2.1", "X-Forwarded-Proto: https"))
    assert.is_true(taken("192.0.2.1", "Forwarded: for=198.51.100.1;proto=https"))
    assert.is_false(taken("192.0.2.2", "X-Forwarded-Proto: https"))
  end)
end)
