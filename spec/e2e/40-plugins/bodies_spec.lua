-- SPDX-License-Identifier: Apache-2.0
-- Response content through body handlers: every framing on both sides, and where there is no content.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local SHOUT = [[
local shout = plugin "shout" { version = "1.0.0", api = 1, schema = { mark = t.string { default = "" } } }
function shout:body(req, res, chunk)
  chunk:set(chunk:text():upper() .. (chunk.last and self.conf.mark or ""))
end
function shout:log(req, res) log.info("sent", { path = req.path, bytes = res.bytes }) end
return shout
]]

local SWAP = [[
local swap = plugin "swap" { version = "1.0.0", api = 1,
  schema = { plain = t.string { required = true }, with = t.string { default = "" } } }
function swap:body(req, res, chunk) chunk:replace(self.conf.plain, self.conf.with) end
return swap
]]

local CHOOSY = [[
local choosy = plugin "choosy" { version = "1.0.0", api = 1, schema = {} }
function choosy:response(req, res)
  if res.headers["Content-Type"] ~= "text/loud" then return res:skip_body() end
  res.headers["Content-Length"] = nil
  res.headers["X-Loud"] = "yes"
end
function choosy:body(req, res, chunk) chunk:set(chunk:text():upper()) end
return choosy
]]

local ROUTES = [[
local main = service "main"
any "/plain" { to = main }
any "/shout" { to = main, use "shout" { mark = "!" } }
get "/swap" { to = main, use "swap" { plain = "needle", with = "<pin>" } }
get "/drop" { to = main, use "swap" { plain = "x" } }
get "/order" { to = main, use "shout" {}, use "swap" { plain = "a", with = "bcd" } }
get "/choosy" { to = main, use "choosy" {} }
get "/early" { use "shout" { mark = "?" }, function() return 403, "go away" end,
  use "swap" { plain = "GO", with = "no" } }
get "/replaced" { to = main, use "shout" {}, use "replace" {}, use "swap" { plain = "other", with = "wrong" } }
]]

local REPLACE = [[
local replace = plugin "replace" { version = "1.0.0", api = 1, schema = {} }
function replace:response(req, res) return 202, "another" end
return replace
]]


describe("body handlers", function()
  local up, g, answer

  setup(function()
    up = gate.upstream(function(request, connection) return answer(request, connection) end)
    g = gate.start { services = { { name = "main", instances = { up } } },
      plugins = { shout = SHOUT, swap = SWAP, choosy = CHOOSY, replace = REPLACE },
      routes = ROUTES }
  end)
  teardown(gate.cleanup)

  local function raw(bytes)
    return function(_, connection)
      connection:send(bytes)
      connection:close()
    end
  end

  local sources = {
    ["a length"] = function() return 200, "hello" end,
    ["chunks"] = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunked { "he", "l", "lo" })
    end,
    ["the close"] = raw "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    ["the close of HTTP/1.0"] = raw "HTTP/1.0 200 OK\r\n\r\nhello",
  }

  for name, source in pairs(sources) do
    it("change content that ends with " .. name, function()
      answer = source
      local r = g:get("/shout")
      assert.equal("HELLO!", r.body)
      assert.equal("chunked", r.framing)
      assert.is_nil(r.headers["Content-Length"])
      assert.is_true(r.complete)
    end)

    it("change it for a client of HTTP/1.0, too: " .. name, function()
      answer = source
      local r = g:get("/shout", { version = "1.0" })
      assert.equal("HELLO!", r.body)
      assert.equal("close", r.framing)
      assert.is_nil(r.problem)
    end)
  end

  it("leave connections as usable as they were", function()
    answer = function() return 200, "hello" end
    local c, before = gate.client(g), up.accepted
    for _ = 1, 20 do assert.equal("HELLO!", c:get("/shout").body) end
    assert.is_true(up.accepted <= before + 1)
  end)

  it("see empty content as one empty last piece", function()
    answer = function() return 200, "" end
    assert.equal("!", g:get("/shout").body)
  end)

  it("find a match wherever the content was cut", function()
    local text = "a needle, needleneedle and a needl."
    for size = 1, 9 do
      answer = function(_, connection)
        connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at = 1, #text, size do connection:send(gate.http.chunk(text:sub(at, at + size - 1))) end
        connection:send("0\r\n\r\n")
      end
      assert.equal("a <pin>, <pin><pin> and a needl.", g:get("/swap").body)
    end
  end)

  it("may leave nothing", function()
    answer = function() return 200, ("x"):rep(100) end
    local r = g:get("/drop")
    assert.equal("", r.body)
    assert.is_true(r.complete)
  end)

  it("run from bottom to top", function()
    answer = function() return 200, "a-a" end
    assert.equal("BCD-BCD", g:get("/order").body)
  end)

  it("run over early answers of the plugins below them, and no others do", function()
    local r = g:get("/early")
    assert.equal(403, r.status)
    assert.equal("GO AWAY?", r.body)
  end)

  it("run over the response that a plugin below them has put in place", function()
    answer = function() return 200, "main" end
    local r = g:get("/replaced")
    assert.equal(202, r.status)
    assert.equal("ANOTHER", r.body)
  end)

  it("run over the gateway's own answers", function()
    answer = function(_, connection) connection:reset() end
    local r = g:get("/shout")
    assert.equal(502, r.status)
    assert.truthy(r.body:find("BAD GATEWAY", 1, true))
  end)

  it("see nothing of HEAD, 204 and 304", function()
    answer = function() return 200, "hello" end
    local r = g:request("HEAD", "/shout")
    assert.same({ 200, "" }, { r.status, r.body })
    assert.is_nil(r.headers["Content-Length"]) -- GET has another one, which nobody knows
    r = g:request("HEAD", "/plain")
    assert.equal("5", r.headers["Content-Length"])
    for _, status in ipairs { 204, 304 } do
      answer = function(_, connection) connection:send(("HTTP/1.1 %d Status\r\nETag: \"x\"\r\n\r\n"):format(status)) end
      r = g:get("/shout")
      assert.equal(status, r.status)
      assert.equal("none", r.framing)
      assert.equal('"x"', r.headers["ETag"])
    end
    answer = function() return 200, "again" end
    assert.equal("AGAIN!", g:get("/shout").body)
  end)

  it("can be skipped: the response is then as without them", function()
    answer = function() return 200, "quiet", { ["Content-Type"] = "text/quiet" } end
    local r = g:get("/choosy")
    assert.equal("quiet", r.body)
    assert.equal("5", r.headers["Content-Length"])
    answer = function() return 200, "loud", { ["Content-Type"] = "text/loud" } end
    r = g:get("/choosy")
    assert.equal("LOUD", r.body)
    assert.equal("yes", r.headers["X-Loud"])
    assert.is_nil(r.headers["Content-Length"])
  end)

  it("count what is sent", function()
    answer = function() return 200, "hello" end
    local from = #g:log()
    g:get("/shout")
    assert.truthy(g:wait_log("sent", nil, from):find("bytes=?\"?:?6"))
  end)

  it("keep pieces apart as they come", function()
    local open = gate.gate("the second piece")
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunk("one"))
      open:wait(10)
      connection:send(gate.http.chunk("two") .. "0\r\n\r\n")
    end
    local c = gate.client(g):send(gate.http.request("GET", "/shout"))
    local response = c:read_head()
    response.chunks = {}
    assert.equal("ONE", gate.http.read_chunk(c.socket, response))
    open:open()
    assert.equal("TWO", gate.http.read_chunk(c.socket, response))
  end)

  it("end with a broken response", function()
    answer = raw "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
    local r = g:get("/shout")
    assert.equal("HELLO", r.body)
    assert.is_false(r.complete)
    answer = raw "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"
    assert.is_false(g:get("/shout").complete)
    answer = function() return 200, "again" end
    assert.equal("AGAIN!", g:get("/shout").body)
  end)
end)
