-- SPDX-License-Identifier: Apache-2.0
-- Fields that concern one connection stop at the gateway; framing cannot be taken away.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("hop-by-hop fields of a request", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function sent(headers)
    assert.equal(200, g:get("/", { headers = headers }).status)
    return up:last().headers
  end

  for _, line in ipairs {
    "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip",
    "Upgrade: foo", "Proxy-Authorization: Basic eA==",
  } do
    local name = line:match("^[^:]+")
    it(("%s does not pass"):format(name), function()
      assert.is_nil(sent({ line })[name])
    end)
  end

  it("named by Connection do not pass, whatever their case", function()
    local headers = sent { "X-Private: 1", "X-other: 2", "X-Stays: 3",
      "Connection: x-private , X-OTHER", "Connection: keep-alive" }
    assert.is_nil(headers["X-Private"])
    assert.is_nil(headers["X-Other"])
    assert.equal("3", headers["X-Stays"])
  end)

  it("Connection itself is not passed on", function()
    local c = gate.client(g)
    c:get("/", { headers = { Connection = "close" } })
    assert.is_not.equal("close", up:last().headers["Connection"])
  end)

  for _, name in ipairs { "Content-Length", "Host", "Transfer-Encoding", "content-length" } do
    it(("Connection: %s is refused: framing cannot be taken away"):format(name), function()
      local before = #up.requests
      local c = gate.client(g):send(("POST / HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n"):format(name)
        .. "Content-Length: 5\r\n\r\nhello")
      assert.equal(400, c:read().status)
      assert.is_true(c:is_closed())
      assert.equal(before, #up.requests)
      assert.equal(200, g:post("/", "good").status)
    end)
  end
end)


describe("hop-by-hop fields of a response", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function answer(...)
    local lines = { ... }
    up.handler = function() return 200, "ok", lines end
    return g:get("/")
  end

  for _, line in ipairs {
    "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authenticate: Basic",
    "Upgrade: h2c", "TE: trailers",
  } do
    local name = line:match("^[^:]+")
    it(("%s does not pass"):format(name), function()
      local r = answer(line)
      assert.is_nil(r.headers[name])
      assert.equal("ok", r.body)
    end)
  end

  it("named by Connection do not pass", function()
    local r = answer("X-Private: 1", "Connection: X-Private", "X-Stays: 2")
    assert.is_nil(r.headers["X-Private"])
    assert.is_nil(r.headers["Connection"])
    assert.equal("2", r.headers["X-Stays"])
  end)

  it("Connection: Content-Length cannot take the framing away", function()
    local r = answer("Connection: Content-Length")
    assert.is_true(r.status == 502 or (r.body == "ok" and r.framing ~= "close"))
  end)

  it("Connection: close of the upstream does not close the client's connection", function()
    up.handler = function(_, connection)
      connection:respond(200, "ok", { Connection = "close" })
      connection:close()
    end
    local c = gate.client(g)
    for _ = 1, 3 do
      local r = c:get("/")
      assert.equal("ok", r.body)
      assert.is_nil(r.headers["Connection"])
    end
  end)
end)
