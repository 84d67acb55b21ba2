-- SPDX-License-Identifier: Apache-2.0
-- `buffer`: body handlers see the content as one chunk, and a larger one is cut off.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local TELL = [[
local tell = plugin "tell" { version = "1.0.0", api = 1, schema = { wait = t.number {} } }
function tell:body(req, res, chunk)
  req.ctx.calls = (req.ctx.calls or 0) + 1
  if self.conf.wait then sleep(self.conf.wait) end
  chunk:set(("%s(%d %s)"):format(chunk:text(), req.ctx.calls, tostring(chunk.last)))
end
return tell
]]

local WHOLE = [[
local whole = plugin "whole" { version = "1.0.0", api = 1, schema = {}, buffer = 16 }
function whole:body(req, res, chunk) chunk:set(chunk:text():reverse()) end
return whole
]]

local PEEK = [[
local peek = plugin "peek" { version = "1.0.0", api = 1, schema = {}, buffer = "1k" }
function peek:response(req, res)
  if res.status == 200 then res:skip_body() end
end
function peek:body(req, res, chunk) chunk:set("peeked") end
return peek
]]

local ROUTES = [[
local main = service "main"
get "/pieces" { to = main, use "tell" {} }
get "/one" { to = main, buffer = "1k", use "tell" {} }
get "/wait" { to = main, buffer = "1k", use "tell" { wait = 0.02 } }
get "/declared" { to = main, use "whole" {} }
get "/chosen" { to = main, buffer = 8, use "whole" {} }
group "/all" { buffer = "64k", get "/tell" { to = main, use "tell" {} } }
get "/peek" { to = main, use "peek" {} }
get "/early" { buffer = "1k", use "tell" {}, function() return 403, "no" end }
]]


describe("buffer", function()
  local up, g, answer

  setup(function()
    up = gate.upstream(function(request, connection) return answer(request, connection) end)
    g = gate.start { services = { { name = "main", instances = { up } } }, routes = ROUTES,
      plugins = { tell = TELL, whole = WHOLE, peek = PEEK }, expect = { "larger than buffer" } }
  end)
  teardown(gate.cleanup)

  local function pieces(...)
    local list = { ... }
    return function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _, piece in ipairs(list) do
        connection:send(gate.http.chunk(piece))
        gate.pause(0.01)
      end
      connection:send("0\r\n\r\n")
    end
  end

  it("makes one chunk of many", function()
    answer = pieces("ab", "cd", "ef")
    assert.equal("ab(1 false)cd(2 false)ef(3 false)(4 true)", g:get("/pieces").body)
    assert.equal("abcdef(1 true)", g:get("/one").body)
    assert.equal("abcdef(1 true)", g:get("/wait").body)
    assert.equal("abcdef(1 true)", g:get("/all/tell").body)
    assert.equal("abcdef(1 true)", g:get("/one", { version = "1.0" }).body)
  end)

  it("makes one chunk of a length, of nothing, and of what ends with the close", function()
    answer = function() return 200, "abc" end
    assert.equal("abc(1 true)", g:get("/one").body)
    answer = function() return 200, "" end
    assert.equal("(1 true)", g:get("/one").body)
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\n\r\nab")
      gate.pause(0.01)
      connection:send("cd")
      connection:close()
    end
    assert.equal("abcd(1 true)", g:get("/one").body)
  end)

  it("holds for answers of plugins", function()
    assert.equal("no(1 true)", g:get("/early").body)
  end)

  it("is declared by a plugin, and chosen by a route", function()
    answer = pieces("12345", "67890")
    assert.equal("0987654321", g:get("/declared").body)
    assert.is_false(g:get("/chosen").complete)
  end)

  it("costs nothing where no handler wants the content", function()
    answer = pieces(("x"):rep(1000), ("x"):rep(1000))
    local r = g:get("/peek")
    assert.equal(("x"):rep(2000), r.body)
    assert.same({ 1000, 1000 }, r.chunks)
  end)

  it("takes what is just as large, and cuts off what is larger", function()
    answer = pieces(("x"):rep(600), ("x"):rep(424))
    assert.equal(("x"):rep(1024) .. "(1 true)", g:get("/one").body)
    local sources = { pieces(("x"):rep(600), ("x"):rep(425)), function() return 200, ("x"):rep(1025) end }
    for _, source in ipairs(sources) do
      answer = source
      local from = #g:log()
      local r = g:get("/one")
      assert.equal(200, r.status)
      assert.is_false(r.complete)
      assert.equal("", r.body)
      assert.truthy(g:wait_log("route GET /one: the content is larger than buffer %(1024 bytes%)", nil, from))
    end
    answer = function() return 200, "fits" end
    for _ = 1, 3 do assert.equal("fits(1 true)", g:get("/one").body) end
  end)

  it("cuts off for clients of HTTP/1.0, too", function()
    answer = function() return 200, ("x"):rep(1025) end
    local r = g:get("/one", { version = "1.0" })
    assert.is_false(r.complete)
  end)
end)
