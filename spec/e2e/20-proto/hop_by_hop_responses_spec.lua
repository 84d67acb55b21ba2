-- SPDX-License-Identifier: Apache-2.0
-- Fields of responses that concern one connection stop at the gateway.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


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
