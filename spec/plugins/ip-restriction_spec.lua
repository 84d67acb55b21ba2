-- SPDX-License-Identifier: Apache-2.0
-- plugins/ip-restriction.lua

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

describe("ip-restriction", function()
  before_each(gate.reset)
  after_each(files.clean)

  local function status(settings, ip, peer)
    return gate.request(gate.plugin("ip-restriction", settings), { ip = ip, peer = peer }).status
  end

  it("lets in whom it allows, and nobody else", function()
    local settings = { allow = { "10.0.0.0/8", "2001:db8::/32" } }
    assert.is_nil(status(settings, "10.9.8.7"))
    assert.is_nil(status(settings, "2001:db8::1"))
    assert.equal(403, status(settings, "192.0.2.1"))
    assert.equal(403, status(settings, "2001:db9::1"))
    assert.equal(403, status({ allow = {} }, "10.0.0.1"))
  end)

  it("keeps out whom it denies, and nobody else", function()
    assert.equal(403, status({ deny = { "192.0.2.0/24" } }, "192.0.2.1"))
    assert.is_nil(status({ deny = { "192.0.2.0/24" } }, "192.0.3.1"))
    assert.is_nil(status({ deny = {} }, "192.0.3.1"))
  end)

  it("denies before it allows", function()
    local settings = { allow = { "10.0.0.0/8" }, deny = { "10.6.6.6" } }
    assert.equal(403, status(settings, "10.6.6.6"))
    assert.is_nil(status(settings, "10.6.6.7"))
  end)

  it("takes an IPv4 address in IPv6 form for what it is", function()
    assert.equal(403, status({ deny = { "192.0.2.0/24" } }, "::ffff:192.0.2.1"))
  end)

  it("lets nobody in who has no address", function()
    assert.equal(403, status({ allow = { "0.0.0.0/0", "::/0" } }, "unix:"))
  end)

  it("can look at the connection's other end", function()
    local settings = { allow = { "127.0.0.1" }, by = "peer" }
    assert.is_nil(status(settings, "192.0.2.1", "127.0.0.1"))
    assert.equal(403, status(settings, "127.0.0.1", "192.0.2.1"))
  end)

  it("reads lists from files", function()
    local path = files.write("bad.txt", "# found in the log\n192.0.2.0/24\n2001:db8::/32 # all of them\n")
    assert.equal(403, status({ deny = { "file:" .. path } }, "192.0.2.77"))
    assert.equal(403, status({ deny = { "198.51.100.1", "file:" .. path } }, "198.51.100.1"))
    assert.is_nil(status({ deny = { "file:" .. path } }, "198.51.100.1"))
  end)

  it("says why", function()
    local out = gate.request(gate.plugin("ip-restriction", { deny = { "10.0.0.1" }, status = 404, message = "No" }))
    assert.equal(404, out.status)
    assert.same({ error = "No", code = "address_denied", request_id = "req-1" }, out:json())
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("ip-restriction", settings) end, "ip-restriction:\n  " .. message)
    end
    refuses({}, "allow: required, or deny")
    refuses({ allow = { "office" } }, 'allow[1]: expected an address block such as "10.0.0.0/8" or "2001:db8::/32", '
      .. 'or "file:" and a path, got "office" (string)')
    refuses({ deny = { "10.0.0.1/8" } }, 'deny[1]: expected an address block such as "10.0.0.0/8" or "2001:db8::/32", '
      .. 'or "file:" and a path, got "10.0.0.1/8" (string)')
  end)
end)
