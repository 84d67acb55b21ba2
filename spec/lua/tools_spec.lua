-- SPDX-License-Identifier: Apache-2.0
-- json, crypto, log, time and store as plugins use them.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

-- What the expression gives inside the sandbox, as text.
local function value(expression)
  local out = probe.run(("return 200, tostring(%s)"):format(expression))
  assert.equal(200, out.status)
  return out.body
end


describe("json", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("encodes tables with their names sorted", function()
    assert.equal('{"a":[1,2.5,true],"b":"x"}', value [[json.encode({ b = "x", a = { 1, 2.5, true } })]])
  end)

  it("escapes what JSON wants escaped", function()
    assert.equal([["a\"b\\c\n\t\u0001"]], value [[json.encode('a"b\\c\n\t\1')]])
  end)

  it("knows null and the empty list", function()
    assert.equal('{"a":null,"b":[]}', value "json.encode({ a = json.null, b = json.array({}) })")
    assert.equal("{}", value "json.encode({})")
  end)

  it("decodes what it encodes", function()
    assert.equal("true", value [[(function()
      local v = json.decode('{"a":[1,-2.5e3,"\\u00e9\\ud83d\\ude00",false,null]}').a
      return v[1] == 1 and v[2] == -2500 and v[3] == "\195\169\240\159\152\128" and v[4] == false and v[5] == json.null
    end)()]])
  end)

  for _, text in ipairs { "", "{", "[1,]", "{'a':1}", "nul", "01", "1 2", '"\\x"', "[1", '{"a" 1}', "\1" } do
    it("refuses " .. ("%q"):format(text), function()
      assert.equal("true", value(([[(function()
        local v, why = json.decode(%q)
        return v == nil and type(why) == "string"
      end)()]]):format(text)))
    end)
  end

  it("does not fall over deep nesting", function()
    assert.equal("true", value "json.decode(('['):rep(100000)) == nil")
    assert.equal("1", value "json.decode('[1]')[1]")
  end)

  it("refuses what JSON cannot say", function()
    assert.equal(500, probe.run("return 200, json.encode(print or tostring)").status)
    assert.equal(500, gate.request(probe.handler("request", "return 200, json.encode(0/0)", { name = "nan" })).status)
  end)

  it("refuses a table that contains itself", function()
    assert.equal(500, probe.run("local a = {} a.a = a return 200, json.encode(a)").status)
  end)
end)


describe("crypto", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("knows SHA-256", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", value "crypto.sha256_hex('abc')")
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", value "crypto.sha256_hex('')")
  end)

  it("gives the same as bytes", function()
    assert.equal("true", value "crypto.hex(crypto.sha256('abc')) == crypto.sha256_hex('abc')")
  end)

  it("knows base64 with and without padding", function()
    assert.equal("Zm9vYg==", value "crypto.base64('foob')")
    assert.equal("_-8", value [[crypto.base64url('\255\239')]])
  end)

  it("gives as many random bytes as asked for, other ones each time", function()
    assert.equal("16", value "#crypto.random(16)")
    assert.equal("true", value "crypto.random(16) ~= crypto.random(16)")
  end)
end)


describe("log", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("says text and fields at its level", function()
    probe.run 'log.warn("low on moon", { phase = "new" })'
    local entry = gate.logged()[1]
    assert.equal("warn", entry.level)
    assert.truthy(entry.text:find("low on moon", 1, true))
    assert.equal(1, #gate.logged())
  end)

  it("has one line for each call, in order", function()
    probe.run 'log.info("one") log.error("two")'
    local said = gate.logged()
    assert.truthy(said[1].text:find("one", 1, true))
    assert.truthy(said[2].text:find("two", 1, true))
    assert.equal("error", said[2].level)
  end)

  it("is empty after a reset", function()
    probe.run 'log.warn("x")'
    gate.reset()
    assert.same({}, gate.logged())
  end)
end)


describe("store.limiter", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function limiter(init, body)
    return probe.handler("request", body or "local ok, left, wait = self.l:take(req.path) "
      .. "return 200, ('%s %d %.1f'):format(tostring(ok), left, wait)", { init = init })
  end

  local function take(p, key) return gate.request(p, "GET /" .. (key or "k")).body end

  it("gives burst at once, then the wait", function()
    local p = limiter 'self.l = store.limiter("z", "2/s", 2)'
    assert.equal("true 1 0.0", take(p))
    assert.equal("true 0 0.0", take(p))
    assert.equal("false 0 0.5", take(p))
  end)

  it("fills with time", function()
    local p = limiter 'self.l = store.limiter("z", "2/s", 2)'
    take(p) take(p)
    gate.clock:advance(0.5)
    assert.equal("true 0 0.0", take(p))
    gate.clock:advance(10)
    assert.equal("true 1 0.0", take(p))
  end)

  it("counts keys apart", function()
    local p = limiter 'self.l = store.limiter("z", "1/h", 1)'
    assert.equal("true 0 0.0", take(p, "a"))
    assert.equal("true 0 0.0", take(p, "b"))
    assert.truthy(take(p, "a"):find("^false"))
  end)

  it("takes more than one at a time", function()
    local p = limiter('self.l = store.limiter("z", "1/h", 5)',
      "local ok, left = self.l:take('k', 3) return 200, ('%s %d'):format(tostring(ok), left)")
    assert.equal("true 2", take(p))
    assert.equal("false 2", take(p))
  end)

  it("is open only in init", function()
    assert.equal(500, probe.run('store.limiter("z", "1/s", 1)').status)
  end)

  it("refuses settings without sense", function()
    for i, settings in ipairs { '"z", "fast", 1', '"z", "1/s", 0', '"", "1/s", 1' } do
      local init = ("store.limiter(%s)"):format(settings)
      assert.has_error(function() probe.handler("request", "", { name = "l" .. i, init = init }) end)
    end
  end)

  it("starts afresh after a reset", function()
    take(limiter 'self.l = store.limiter("z", "1/h", 1)')
    probe.reset()
    assert.equal("true 0 0.0", take(limiter 'self.l = store.limiter("z", "1/h", 1)'))
  end)
end)
