-- SPDX-License-Identifier: Apache-2.0
-- Instances by name, by either family, by unix socket, with a base path.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an instance", function()
  after_each(gate.cleanup)

  it("named localhost is found where it listens on IPv4 alone", function()
    local up = gate.upstream()
    local g = gate.proxy { "http://localhost:" .. up.port }
    for _ = 1, 3 do assert.equal(200, g:get("/").status) end
    assert.equal("localhost:" .. up.port, up:last().headers["Host"])
  end)

  -- Many a machine knows localhost by IPv4 only.
  local known = gate.process.run("/bin/sh", { "-c", "getent ahostsv6 localhost | grep -q '^::1 '" })
  if known.code == 0 then
    it("named localhost is found where it listens on IPv6 alone", function()
      local up = gate.upstream { address = "[::1]:0" }
      local g = gate.proxy { "http://localhost:" .. up.port }
      for _ = 1, 3 do assert.equal(200, g:get("/").status) end
    end)
  end

  it("may be an IPv6 address", function()
    local up = gate.upstream { address = "[::1]:0" }
    local g = gate.proxy { "http://[::1]:" .. up.port }
    assert.equal(200, g:get("/").status)
    assert.equal("[::1]:" .. up.port, up:last().headers["Host"])
  end)

  it("may be a unix socket", function()
    local up = gate.upstream { address = "unix:" .. gate.dir():join("s") }
    local g = gate.proxy { up.address }
    for _ = 1, 3 do assert.equal(200, g:get("/x").status) end
    assert.equal("/x", up:last().target)
    assert.equal(1, up.accepted)
  end)

  it("may have a path that stands before the request's", function()
    local up = gate.upstream()
    local g = gate.proxy { up.url .. "/base/v1" }
    g:get("/x?y")
    assert.equal("/base/v1/x?y", up:last().target)
  end)
end)
