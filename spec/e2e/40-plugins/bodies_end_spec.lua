-- SPDX-License-Identifier: Apache-2.0
-- What ends while body handlers wait: the time of the request, the worker, the configuration, the instance.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local SLOW = [[
local slow = plugin "slow" { version = "1.0.0", api = 1, schema = { seconds = t.number { default = 0.1 } } }
function slow:body(req, res, chunk)
  sleep(self.conf.seconds)
  chunk:set(chunk:text():upper())
end
function slow:log(req, res) log.info("logged", { path = req.path, bytes = res.bytes }) end
return slow
]]

local ROUTES = [[
local main = service "main"
get "/slow" { to = main, use "slow" {} }
get "/sleepy" { to = main, use "slow" { seconds = 30 } }
get "/whole" { to = main, buffer = "1m", use "slow" { seconds = 0.01 } }
get "/early" { use "slow" {}, function() return 200, "early" end }
]]


describe("while body handlers wait", function()
  local up, g, answer

  local function start(options)
    options = options or {}
    answer = function() return 200, "hello" end
    up = gate.upstream(function(...) return answer(...) end)
    options.services = { { name = "main", instances = { up }, timeouts = options.timeouts } }
    options.routes, options.plugins = ROUTES, { slow = SLOW }
    g = gate.start(options)
  end

  after_each(gate.cleanup)

  it("the request's time may end: the response is cut off", function()
    start { timeouts = { total = "800ms" } }
    local r = g:get("/sleepy")
    assert.equal(200, r.status)
    assert.is_false(r.complete)
    g:wait_log("logged")
    assert.equal("HELLO", g:get("/whole").body)
  end)

  it("the worker may be told to stop: what is under way goes on", function()
    start()
    local c = gate.client(g):send(gate.http.request("GET", "/slow"))
    local response = c:read_head()
    g:signal(gate.process.TERM)
    c:read_body(response)
    assert.equal("HELLO", response.body)
    assert.equal(0, g:wait_exit(10))
  end)

  it("the worker may have to stop at once", function()
    start { gateway = { drainTimeout = "200ms" } }
    local c = gate.client(g):send(gate.http.request("GET", "/sleepy"))
    local response = c:read_head()
    g:stop()
    pcall(c.read_body, c, response)
    assert.is_false(response.complete)
  end)

  it("a reload may come: the old plugin ends what it began", function()
    start()
    local c = gate.client(g):send(gate.http.request("GET", "/slow"))
    local response = c:read_head()
    g.dir:write("plugins/slow.lua", (SLOW:gsub("upper", "reverse")))
    assert.equal(0, g:reload().code)
    c:read_body(response)
    assert.equal("HELLO", response.body)
    assert.equal("olleh", g:get("/slow").body)
  end)

  it("the instance may close: what it sent before counts", function()
    start()
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole")
      connection:close()
    end
    assert.equal("WHOLE", g:get("/slow").body)
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
      connection:reset()
    end
    local ok, r = pcall(g.get, g, "/slow")
    assert.is_false(ok and r.complete)
    answer = function() return 200, "again" end
    assert.equal("AGAIN", g:get("/slow").body)
  end)

  it("the answer of a plugin waits, too", function()
    start()
    local c = gate.client(g)
    for _ = 1, 2 do assert.equal("EARLY", c:get("/early").body) end
  end)

  it("trailers and interim responses are kept", function()
    start()
    answer = function(_, connection)
      connection:send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        .. "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")
    end
    for _, target in ipairs { "/slow", "/whole" } do
      local r = g:get(target)
      assert.equal("HELLO", r.body)
      assert.equal("7", r.trailers["X-Sum"])
      assert.same({ 103 }, r.interim)
    end
  end)
end)
