-- SPDX-License-Identifier: Apache-2.0
-- A plugin that fails costs its own request a 500, and the log says where.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local BAD = [[
local bad = plugin "bad" { version = "1.0.0", api = 1, schema = { where = t.string {} } }
function bad:request(req)
  if self.conf.where == "request" then error("broken on request") end
  if self.conf.where == "nil" then return req.nothing.more end
end
function bad:response(req, res)
  if self.conf.where == "response" then error("broken on response") end
end
function bad:log(req, res)
  if self.conf.where == "log" then error("broken on log") end
end
return bad
]]

local ROUTES = [[
local main = service "main"
get "/good" { to = main }
get "/request" { to = main, use "bad" { where = "request" } }
get "/nil" { to = main, use "bad" { where = "nil" } }
get "/response" { to = main, use "bad" { where = "response" } }
get "/log" { to = main, use "bad" { where = "log" } }
get "/skip" { to = main, use "bad" { where = "request", on_error = "skip" } }
get "/global" { function() leak = 1 return 200 end }
get "/inline" { function() error("broken inline") end }
get "/sandbox" { function() return 200, tostring(io) .. tostring(os) .. tostring(require("ffi")) end }
get "/table" { function() error({ code = 7 }) end }
get "/value" { function() return "not a status" end }
]]


describe("a handler that fails", function()
  local up, g

  setup(function()
    up = gate.upstream(function() return 200, "main" end)
    g = gate.start { services = { { name = "main", instances = { up } } },
      plugins = { bad = BAD }, routes = ROUTES, expect = { "" } }
  end)
  teardown(gate.cleanup)

  local function fails(target)
    local r = g:get(target)
    assert.equal(500, r.status)
    assert.equal("Internal Server Error\n", r.body)
    assert.equal("main", g:get("/good").body)
  end

  it("in request: 500, and nothing goes upstream", function()
    local before = #up.requests
    fails("/request")
    assert.equal(before + 1, #up.requests)
  end)

  it("in response: 500 instead of the upstream's answer", function() fails("/response") end)
  it("by an ordinary mistake: 500", function() fails("/nil") end)
  it("in an inline function: 500", function() fails("/inline") end)
  it("with a table as error: 500", function() fails("/table") end)
  it("by an answer that is none: 500", function() fails("/value") end)
  it("by a global it has not declared: 500", function() fails("/global") end)
  it("by reaching out of the sandbox: 500", function() fails("/sandbox") end)

  it("in log: the client has its answer already", function()
    local c = gate.client(g)
    assert.equal("main", c:get("/log").body)
    g:wait_log("broken on log")
    assert.equal("main", c:get("/good").body)
  end)

  it("with on_error = skip is left out", function()
    assert.equal("main", g:get("/skip").body)
  end)

  it("keeps the connection", function()
    local c = gate.client(g)
    assert.equal(500, c:get("/request").status)
    assert.equal("main", c:get("/good").body)
  end)

  it("is logged with plugin, handler, route, file and line", function()
    local from = #g:log()
    g:get("/request")
    local line = g:wait_log("broken on request", nil, from)
    assert.matches(" error ", line, 1, true)
    assert.matches("bad", line, 1, true)
    assert.matches("request", line, 1, true)
    assert.matches("bad%.lua:3", line)
    assert.matches("/request", line, 1, true)
    assert.matches("routes%.lua:3", line)
  end)

  it("is logged with the id that its client was told", function()
    local from = #g:log()
    local id = g:get("/response").headers["X-Request-Id"]
    assert.matches(id, g:wait_log("broken on response", nil, from), 1, true)
  end)

  it("leaves requests beside it alone", function()
    local tasks = {}
    for i = 1, 40 do
      local target = i % 2 == 0 and "/good" or "/request"
      tasks[i] = gate.go("client", function() return g:get(target).status end)
    end
    for i, task in ipairs(tasks) do assert.equal(i % 2 == 0 and 200 or 500, task:join()) end
  end)
end)
