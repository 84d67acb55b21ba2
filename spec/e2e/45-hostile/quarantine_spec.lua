-- SPDX-License-Identifier: Apache-2.0
-- A handler that keeps failing is not run for a while; its on_error outcome is given at once.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local BAD = [[
local bad = plugin "bad" { version = "1.0.0", api = 1, schema = {} }
local function fail(self, req, where)
  if req.headers["X-Fail"] == where then error("asked to") end
  if req.headers["X-Fail"] == where .. "-loop" then while true do end end
  log.info("ran " .. where)
end
function bad:request(req) fail(self, req, "request") end
function bad:response(req) fail(self, req, "response") end
function bad:log(req) fail(self, req, "log") end
function bad:body(req, res, chunk) if not chunk.last then fail(self, req, "body") end end
return bad
]]

local ROUTES = [[
local main = service "main"
get "/fail" { to = main, use "bad" { name = "guard" } }
get "/skip" { to = main, use "bad" { on_error = "skip" } }
get "/when" { to = main, use "bad" { when = function(req) return req.headers["X-When"] ~= "no" end } }
get "/other" { to = main, use "bad" {} }
]]


describe("a handler that keeps failing", function()
  local g

  before_each(function()
    g = gate.start {
      services = { { name = "main", instances = { gate.upstream(function() return 200, "main" end) } } },
      plugins = { bad = BAD }, routes = ROUTES, workers = 2, expect = { " failed in ", "keeps failing" },
      extra = { lua = { budget = "20ms" } },
    }
  end)
  after_each(gate.cleanup)

  local function get(target, fail)
    return g:get(target, { headers = { ["X-Fail"] = fail } })
  end

  -- Until both workers know.
  local function put_out(target, where)
    gate.eventually(function()
      get(target, where)
      return g:logged("handler " .. where:match("^%l+") .. " keeps failing")
    end, "the quarantine")
  end

  local function quarantined()
    return gate.json.decode(g:cli("status", "--json", "--control", g.control).out).quarantine
  end

  it("fails closed: 500 at once, without being run", function()
    put_out("/fail", "request")
    local from = #g:log()
    for _ = 1, 6 do assert.equal(500, get("/fail").status) end
    assert.is_nil(g:logged("ran request", from + 1))
    assert.equal(200, get("/other").status)
  end)

  it("is left out where on_error says skip", function()
    put_out("/skip", "request")
    local from = #g:log()
    for _ = 1, 6 do assert.equal("main", get("/skip", "request").body) end
    assert.is_nil(g:logged(" failed in ", from + 1))
    assert.truthy(g:logged("ran response", from + 1)) -- its other handlers are not concerned
  end)

  it("is not asked for requests that its condition leaves out", function()
    put_out("/when", "request")
    assert.equal(200, g:get("/when", { headers = { ["X-When"] = "no" } }).status)
    assert.equal(500, get("/when").status)
  end)

  it("is said to be out once in the log, and by lunette status", function()
    put_out("/fail", "request")
    for _ = 1, 5 do get("/fail", "request") end
    local _, times = g:log():gsub("keeps failing", "")
    assert.equal(1, times)
    local list = quarantined()
    assert.equal(1, #list)
    assert.matches("plugin guard %(.*routes%.lua:2%), handler request", list[1].who)
    assert.equal(1, list[1].times)
    assert.matches("in quarantine\n  plugin guard %(.*handler request: tried again in",
      g:cli("status", "--control", g.control).out)
  end)

  it("is tried again, once, and comes back when it works", function()
    put_out("/fail", "request")
    gate.eventually(function() return get("/fail").status == 200 end, "a trial", 10)
    for _ = 1, 6 do assert.equal(200, get("/fail").status) end
    g:wait_log("works again: its quarantine has ended")
    assert.same({}, quarantined())
  end)

  it("stays out longer when the trial fails", function()
    put_out("/fail", "request")
    gate.eventually(function()
      get("/fail", "request")
      return quarantined()[1].times == 2
    end, "a trial that fails", 10)
    assert.is_true(quarantined()[1].next_trial > 1)
  end)

  it("is put out sooner when it has to be stopped", function()
    for _ = 1, 6 do get("/fail", "request-loop") end
    gate.eventually(function() return g:logged("keeps failing") end, "the quarantine")
  end)

  it("is not put out while it works more often than not", function()
    for _ = 1, 12 do
      get("/fail", "request")
      for _ = 1, 6 do assert.equal(200, get("/fail").status) end
    end
    assert.is_nil(g:logged("keeps failing"))
  end)

  for where, outcome in pairs { response = 500, log = 200 } do
    it("can be one for " .. where, function()
      put_out("/fail", where)
      assert.equal(outcome, get("/fail").status)
      assert.equal(200, get("/other").status)
    end)
  end

  it("can be one for body: the response is cut off", function()
    put_out("/fail", "body")
    assert.is_false(get("/fail").complete)
    assert.is_true(get("/other").complete)
  end)

  it("can be skipped for body", function()
    put_out("/skip", "body")
    assert.equal("main", get("/skip").body)
  end)

  it("is known to a worker that is started again", function()
    put_out("/fail", "request")
    g:expect("killed by signal 9")
    local before = g:workers()
    for i = 1, #before do gate.process.kill(before[i], gate.process.KILL) end
    g:wait_workers(2, before)
    gate.eventually(function() return pcall(get, "/other") end, "an answer")
    gate.eventually(function() return #quarantined() == 1 end, "the quarantine")
  end)

  it("is run again after a reload", function()
    put_out("/fail", "request")
    g.dir:write("plugins/bad.lua", (BAD:gsub("asked to", "asked again")))
    assert.equal(0, g:reload().code)
    assert.same({}, quarantined())
    for _ = 1, 6 do assert.equal(200, get("/fail").status) end
  end)
end)
