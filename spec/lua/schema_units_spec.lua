-- SPDX-License-Identifier: Apache-2.0
-- Types with a unit: rate, duration, size, cidr.

local schema = require "lunette.schema"
local t = schema.t

local function read(kind, value)
  local conf, errors = schema.check({ x = kind }, { x = value }, "p")
  if conf then return conf.x end
  return nil, errors[1]
end


describe("t.rate", function()
  it("gives a count and a period in seconds", function()
    assert.same({ count = 100, per = 1 }, read(t.rate(), "100/s"))
    assert.same({ count = 5000, per = 3600 }, read(t.rate(), "5000/h"))
    assert.same({ count = 3, per = 60 }, read(t.rate(), "3/m"))
    assert.same({ count = 9, per = 86400 }, read(t.rate(), "9/d"))
  end)

  it("knows periods of several units", function()
    assert.same({ count = 10, per = 30 }, read(t.rate(), "10/30s"))
  end)

  it("explains what a rate is", function()
    local _, why = read(t.rate(), "fast")
    assert.equal('x: expected a rate such as "100/s" or "5000/h", got "fast" (string)', why)
  end)

  it("refuses nothing per second, an unknown unit, a missing one and a bare number", function()
    for _, rate in ipairs { "0/s", "5/w", "5/", "5", "-1/s", "1.5/s", "5/0s", " 5/s" } do
      assert.is_nil((read(t.rate(), rate)), rate)
    end
    assert.is_nil((read(t.rate(), 5)))
  end)

  it("refuses more than one request per nanosecond", function()
    assert.same({ count = 1e9, per = 1 }, read(t.rate(), "1000000000/s"))
    assert.is_nil((read(t.rate(), "1000000001/s")))
  end)

  it("is read outside of a schema by the same rule", function()
    assert.same({ count = 2, per = 1 }, schema.rate("2/s"))
    local rate, why = schema.rate("2")
    assert.is_nil(rate)
    assert.equal('expected a rate such as "100/s" or "5000/h", got "2" (string)', why)
  end)
end)


describe("t.duration", function()
  it("gives seconds", function()
    local cases = { ["250ms"] = 0.25, ["30s"] = 30, ["5m"] = 300, ["24h"] = 86400, ["1.5s"] = 1.5, ["7"] = 7 }
    for written, seconds in pairs(cases) do assert.equal(seconds, read(t.duration(), written)) end
  end)

  it("takes a number as seconds", function() assert.equal(0.5, read(t.duration(), 0.5)) end)

  it("refuses negative, endless and unknown ones", function()
    for _, value in ipairs { -1, 1 / 0, "5 s", "5x", "s", "" } do
      assert.is_nil((read(t.duration(), value)), tostring(value))
    end
  end)

  it("has bounds with units", function()
    local kind = t.duration { min = "1s", max = "1m" }
    assert.equal(60, read(kind, "60s"))
    local _, why = read(kind, "10ms")
    assert.equal('x: expected a duration such as "250ms", "30s" or "5m" from 1s to 1m, got "10ms" (string)', why)
  end)
end)


describe("t.size", function()
  it("gives bytes", function()
    local cases = { ["10"] = 10, ["64k"] = 65536, ["1M"] = 1048576, ["2g"] = 2147483648 }
    for written, bytes in pairs(cases) do assert.equal(bytes, read(t.size(), written)) end
  end)

  it("takes a number as bytes", function() assert.equal(4096, read(t.size(), 4096)) end)

  it("refuses fractions, negative and unknown ones", function()
    for _, value in ipairs { 1.5, -1, "1.5k", "1kb", "k", "1t" } do
      assert.is_nil((read(t.size(), value)), tostring(value))
    end
  end)

  it("has bounds with units", function()
    assert.is_nil((read(t.size { max = "4k" }, 4097)))
    assert.equal(4096, read(t.size { max = "4k" }, "4k"))
  end)
end)


describe("t.cidr", function()
  local function contains(block, ip) return read(t.cidr(), block):contains(ip) end

  it("holds the addresses of an IPv4 block and no others", function()
    assert.is_true(contains("10.0.0.0/8", "10.255.1.2"))
    assert.is_false(contains("10.0.0.0/8", "11.0.0.0"))
    assert.is_true(contains("192.168.4.0/22", "192.168.7.255"))
    assert.is_false(contains("192.168.4.0/22", "192.168.8.0"))
    assert.is_true(contains("10.0.0.0/24", "10.0.0.1"))
    assert.is_false(contains("10.0.0.0/31", "10.0.0.2"))
  end)

  it("holds every address with a prefix of no bits", function()
    for _, ip in ipairs { "0.0.0.0", "200.1.2.3", "255.255.255.255" } do
      assert.is_true(contains("0.0.0.0/0", ip), ip)
    end
    assert.is_true(contains("::/0", "ffff::1"))
  end)

  it("takes a single address", function()
    assert.is_true(contains("10.1.2.3", "10.1.2.3"))
    assert.is_false(contains("10.1.2.3", "10.1.2.4"))
  end)

  it("holds the addresses of an IPv6 block however they are written", function()
    assert.is_true(contains("2001:db8::/32", "2001:0db8:1::5"))
    assert.is_true(contains("2001:db8::/32", "2001:db8:0:0:0:0:0:1"))
    assert.is_false(contains("2001:db8::/32", "2001:db9::1"))
    assert.is_true(contains("::1", "0:0:0:0:0:0:0:1"))
  end)

  it("takes a mapped IPv4 address as the IPv4 address", function()
    assert.is_true(contains("10.0.0.0/8", "::ffff:10.1.1.1"))
    assert.is_true(contains("::ffff:10.0.0.0/104", "10.1.1.1"))
  end)

  it("takes an IPv6 address that only looks like a mapped one as it is", function()
    assert.is_false(contains("10.0.0.0/8", "0:0:1:0:0:ffff:10.1.1.1"))
    assert.is_false(contains("10.0.0.0/8", "0:0:0:0:1:ffff:10.1.1.1"))
    assert.is_false(contains("10.0.0.0/8", "::10.1.1.1"))
  end)

  it("keeps the two families apart", function()
    assert.is_false(contains("0.0.0.0/0", "2001:db8::1"))
    assert.is_false(contains("::/0", "10.0.0.1"))
  end)

  it("contains nothing that is not an address", function()
    assert.is_false(contains("0.0.0.0/0", "unix"))
  end)

  it("refuses bits behind the prefix", function()
    assert.is_nil((read(t.cidr(), "10.1.2.3/8")))
    assert.is_nil((read(t.cidr(), "2001:db8::1/32")))
  end)

  it("refuses what is no address or has too long a prefix", function()
    for _, s in ipairs { "10.0.0.256", "10.0.0", "10.0.0.0/33", "::/129", "256.0.0.1", "1:2:3:4:5:6:7",
      "1::2::3", "x", ":::", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7::8", "::12345", "" } do
      assert.is_nil((read(t.cidr(), s)), s)
    end
  end)
end)
