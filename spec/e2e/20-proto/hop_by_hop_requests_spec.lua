-- SPDX-License-Identifier: Apache-2.0
-- Fields of requests that concern one connection stop at the gateway; framing cannot be taken away.

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
