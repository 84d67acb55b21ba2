-- SPDX-License-Identifier: Apache-2.0
-- file, include and env in a running gateway: the same bytes for every worker, and live on save.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the files of a routes file", function()
  after_each(gate.cleanup)

  it("are read once, for all workers", function()
    local g = gate.start {
      workers = 2, routes = 'get "/" { reply = { 200, file "page.txt" } }', files = { ["page.txt"] = "one" },
    }
    g.dir:write("page.txt", "two") -- nobody watches, so nothing changes, not even in a new worker
    g:expect "killed by signal 9"
    g:kill_worker(1)
    g:wait_workers(2)
    for _ = 1, 8 do assert.equal("one", g:get("/").body) end
    g:reload()
    for _ = 1, 8 do assert.equal("two", g:get("/").body) end
  end)

  it("are live when they are saved", function()
    local g = gate.start {
      watch = true, routes = 'get "/" { reply = { 200, file "page.txt" } }\ngroup "/in" { include "more.lua" }',
      files = { ["page.txt"] = "one", ["more.lua"] = 'get "/x" { reply = { 200, "x" } }' },
    }
    assert.equal("x", g:get("/in/x").body)
    g.dir:write("page.txt", "two")
    gate.eventually(function() return g:get("/").body == "two" end, "the new page")
    g.dir:write("more.lua", 'get "/y" { reply = { 200, "y" } }')
    gate.eventually(function() return g:get("/in/y").status == 200 end, "the new route")
    assert.equal(404, g:get("/in/x").status)
  end)

  it("may be secrets of plugins, beside the file that names them", function()
    local service = { name = "app", path = "/app", instances = { gate.upstream() }, plugins = {
      { maintenance = { pass = { ["X-Pass"] = "file:secrets/word" } } },
    } }
    local g = gate.start {
      watch = true, services = { service }, files = { ["secrets/word"] = "first-word\n", ["word"] = "second-word\n" },
      routes = 'get "/" { use "maintenance" { pass = { ["X-Pass"] = "file:word" } }, reply = { 200, "in" } }',
    }
    local function status(path, word) return g:get(path, { headers = { "X-Pass: " .. word } }).status end
    assert.equal(200, status("/", "second-word"))
    assert.equal(503, status("/", "file:word"))
    assert.equal(503, status("/", "first-word"))
    assert.equal(200, status("/app", "first-word"))
    g.dir:write("word", "third-word\n")
    gate.eventually(function() return status("/", "third-word") == 200 end, "the new word")
    assert.equal(503, status("/", "second-word"))
  end)

  it("may be missing from a reload, which then is none", function()
    local g = gate.start { routes = 'get "/" { reply = { 200, file "page.txt" } }', files = { ["page.txt"] = "one" } }
    g.dir:write("routes.lua", 'get "/" { reply = { 200, file "gone.txt" } }')
    g:expect "gone.txt"
    g:expect "reload after the command failed"
    local r = g:cli "reload"
    assert.equal(1, r.code)
    assert.equal("one", g:get("/").body)
  end)
end)
