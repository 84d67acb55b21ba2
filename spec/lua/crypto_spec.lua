-- SPDX-License-Identifier: Apache-2.0
-- crypto beyond SHA-256, and escape: against the examples of the standards.

local probe = require "spec.helpers.probe"

-- What the expression gives inside the sandbox, as text.
local function value(expression)
  local out = probe.run(("return 200, tostring(%s)"):format(expression))
  assert.equal(200, out.status)
  return out.body
end


local function both(expression)
  local out = probe.run(("return 200, json.array { %s }"):format(expression))
  assert.equal(200, out.status)
  return out:json()
end


describe("crypto", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- FIPS 180-4
  it("knows SHA-1 and SHA-512", function()
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", value "crypto.sha1_hex('abc')")
    assert.equal("da39a3ee5e6b4b0d3255bfef95601890afd80709", value "crypto.sha1_hex('')")
    assert.equal("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      .. "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", value "crypto.sha512_hex('abc')")
    assert.equal("20 32 64", value "('%d %d %d'):format(#crypto.sha1(''), #crypto.sha256(''), #crypto.sha512(''))")
  end)

  -- RFC 4231, cases 2 and 6 (a key longer than a block); RFC 2202, case 2
  it("signs", function()
    local ask = "'Jefe', 'what do ya want for nothing?'"
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      value(("crypto.hmac_sha256_hex(%s)"):format(ask)))
    assert.equal("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", value(("crypto.hmac_sha1_hex(%s)"):format(ask)))
    assert.equal("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      .. "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
      value(("crypto.hmac_sha512_hex(%s)"):format(ask)))
    assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      value "crypto.hmac_sha256_hex(('\\170'):rep(131), 'Test Using Larger Than Block-Size Key - Hash Key First')")
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
      value "crypto.hmac_sha256_hex('', '')")
  end)

  it("takes bytes of any kind, and knows what is none", function()
    assert.equal("true", value "crypto.hmac_sha256('a\\0b', 'c\\0d') ~= crypto.hmac_sha256('a', 'c')")
    assert.equal(500, probe.run("crypto.hmac_sha256('key', nil)").status)
    assert.equal(500, probe.run("crypto.sha1(5)").status)
  end)

  it("compares", function()
    assert.same({ true, false, false, true },
      both "crypto.equal('abc', 'abc'), crypto.equal('abc', 'abd'), crypto.equal('abc', 'ab'), crypto.equal('', '')")
  end)

  it("reads what it writes", function()
    assert.equal("true", value [[(function()
      for n = 0, 40 do
        local s = n > 0 and crypto.random(n) or ""
        if crypto.from_hex(crypto.hex(s)) ~= s or crypto.from_base64(crypto.base64(s)) ~= s
          or crypto.from_base64url(crypto.base64url(s)) ~= s then return n end
      end
      return true
    end)()]])
  end)

  it("reads hexadecimal digits of both cases and Base64 for file names with padding", function()
    assert.equal("\1\171", value "crypto.from_hex('01aB')")
    assert.equal("f", value "crypto.from_base64url('Zg==')")
  end)

  for _, call in ipairs {
    "from_hex('0')", "from_hex('0g')", "from_hex(' 0')", "from_base64('Zg')", "from_base64('Zg=')",
    "from_base64('Z===')", "from_base64('Zm9v=')", "from_base64('Zh==')", "from_base64('_-8=')",
    "from_base64('Zm\\n9v')", "from_base64('====')",
    "from_base64url('+/8')", "from_base64url('Z')", "from_base64url('Zg=')", "from_base64url('Zm9\\0')",
  } do
    it("gives nil and a sentence for " .. call, function()
      local got = both(("crypto.%s == nil, type(select(2, crypto.%s))"):format(call, call))
      assert.same({ true, "string" }, got)
    end)
  end
end)


describe("escape", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("keeps a text inside of a URL", function()
    assert.equal("a-b_c.d~9%20%2F%3F%26%25%C3%A9%00%0A", value "escape.url('a-b_c.d~9 /?&%\195\169\\0\\n')")
    assert.equal("/a%20b;c=1,2:@%3F%23%25%22", value "escape.path('/a b;c=1,2:@?#%\"')")
  end)

  it("keeps a text inside of a JSON string", function()
    assert.equal([[a\"b\\c\n\u0001]], value [[escape.json('a"b\\c\n\1')]])
    assert.equal("", value "escape.json('')")
  end)

  it("keeps a text inside of HTML", function()
    assert.equal("&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;", value [[escape.html("<a b='c' d=\"e\">&")]])
  end)

  it("has a bound, and knows what is no text", function()
    assert.equal("1048576", value "#escape.url(('x'):rep(1048576))")
    assert.equal(500, probe.run("escape.url(('x'):rep(1048577))").status)
    assert.equal(500, probe.run("escape.html(nil)").status)
  end)
end)
