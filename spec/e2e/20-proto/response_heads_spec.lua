-- SPDX-License-Identifier: Apache-2.0
-- Heads of instances: large, many, interim.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an upstream's head", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request, connection, self)
      if request.target == "/good" then return 200, "good" end
      connection:send(self.bytes)
    end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  for _, size in ipairs { 1000, 4000, 8000, 15000, 16500, 24000, 31000 } do
    it(("with a field of %d bytes passes"):format(size), function()
      local value = gate.pattern(size)
      up.bytes = "HTTP/1.1 200 OK\r\nX-Large: " .. value .. "\r\nContent-Length: 2\r\n\r\nok"
      local r = g:get("/")
      assert.equal(200, r.status)
      assert.equal(value, r.headers["X-Large"])
      assert.equal("ok", r.body)
    end)
  end

  it("with ninety fields passes", function()
    up.bytes = "HTTP/1.1 200 OK\r\n" .. ("X-A: b\r\n"):rep(90) .. "Content-Length: 2\r\n\r\nok"
    assert.equal(90, #g:get("/").headers:all("X-A"))
  end)

  it("of an interim answer loses its Content-Length", function()
    up.bytes = "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: </a>\r\n\r\n"
      .. "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local head = c:read_head()
    if head.status == 103 then
      assert.is_nil(head.headers["Content-Length"])
      head = c:read_head()
    end
    assert.equal(200, head.status)
    assert.equal("ok", c:read_body(head))
  end)

  it("of interim answers without end is refused", function()
    up.bytes = ("HTTP/1.1 103 Early Hints\r\n\r\n"):rep(5000)
    local ok, r = pcall(g.get, g, "/")
    assert.is_true(not ok or r == nil or r.status == 502)
    gate.eventually(function() return g:get("/good").status == 200 end, "the good path", 15)
  end)
end)
