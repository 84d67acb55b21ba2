-- SPDX-License-Identifier: Apache-2.0
-- crypto.public_key: the examples of the standards, and what is no key.

local probe = require "spec.helpers.probe"


-- What a body of Lua returns inside the sandbox, as values.
local function run(body)
  local out = probe.run(("return 200, json.array { (function() %s end)() }"):format(body))
  assert.equal(200, out.status)
  return out:json()
end


-- RFC 7515 appendix A.3 (ES256), RFC 8037 appendix A.4 (Ed25519): key, algorithm, a JWS.
local EXAMPLES = {
  { alg = "ES256",
    jwk = [[{ kty = "EC", crv = "P-256", x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }]],
    jws = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb29"
      .. "0Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
  { alg = "EdDSA",
    jwk = [[{ kty = "OKP", crv = "Ed25519", x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }]],
    jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhij"
      .. "cNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg" },
}

local VERIFY = [[
  local key = crypto.public_key(%s)
  local text, signature = ("%s"):match("^(.+)%%.(.-)$")
  signature = crypto.from_base64url(signature)
  local other = signature:sub(1, -2) .. string.char((signature:byte(-1) + 1) %% 256)
  return key:verify("%s", text, signature), key:verify("%s", text .. "x", signature), key:verify("%s", text, other),
         key:verify("RS256", text, signature), key:verify("%s", text, ""),
         key:fits("%s"), key:fits("none"), key:fits("HS256")
]]


describe("crypto.public_key", function()
  before_each(probe.reset)
  after_each(probe.reset)

  for _, e in ipairs(EXAMPLES) do
    it("verifies " .. e.alg, function()
      assert.same({ true, false, false, false, false, true, false, false },
        run(VERIFY:format(e.jwk, e.jws, e.alg, e.alg, e.alg, e.alg, e.alg)))
    end)
  end

  -- Expressions, and parts of what is said.
  local RSA = '{ kty = "RSA", n = crypto.base64url("\\129" .. ("\\1"):rep(%d)), e = %s }'
  local EC = '{ kty = "EC", crv = "%s", x = %s, y = %s }'
  local ONES = 'crypto.base64url(("\\1"):rep(32))'
  for what, case in pairs {
    ["another kind"] = { '{ kty = "oct", k = "AAAA" }', 'kty: expected "RSA", "EC" or "OKP", got "oct" (string)' },
    ["nothing"] = { "{}", "kty: expected" },
    ["a missing member"] = { '{ kty = "RSA", n = "AAAA" }', "e: expected a text in base64url" },
    ["no base64url"] = { '{ kty = "RSA", n = "A+AA", e = "AQAB" }', "n: expected base64url" },
    ["a short RSA key"] = { RSA:format(127, '"AQAB"'), "2048 to 16384 bits" },
    ["an exponent of one"] = { RSA:format(255, '"AQ"'), "odd and more than 1" },
    ["a huge exponent"] = { RSA:format(255, 'crypto.base64url(("x"):rep(99))'), "has a size that none has" },
    ["an unknown curve"] = { EC:format("secp256k1", '"AAAA"', '"AAAA"'), "expected P-256, P-384 or P-521" },
    ["a point beside the curve"] = { EC:format("P-256", ONES, ONES), "the point is not on the curve" },
    ["a coordinate that is short"] = { EC:format("P-256", '"AAAA"', '"AAAA"'), "not as long as the curve's" },
    ["an unknown Edwards curve"] = { '{ kty = "OKP", crv = "X25519", x = "AAAA" }', "expected Ed25519 or Ed448" },
    ["no PEM"] = { '"hello"', "no PEM of a public key" },
    ["a broken PEM"] = { '"-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n"', "no PEM of a" },
    ["an endless PEM"] = { '("-----BEGIN PUBLIC KEY-----\\n" .. ("A"):rep(20000))', "no PEM of a public key" },
  } do
    it("refuses " .. what, function()
      local out = run(("local k, why = crypto.public_key(%s) return k == nil, why"):format(case[1]))
      assert.is_true(out[1])
      assert.truthy(out[2]:find(case[2], 1, true), out[2])
    end)
  end

  it("has a bound on keys that are alive, and they come back", function()
    local out = run([[
      local keys, made = {}, 0
      for i = 1, 5000 do
        keys[i] = crypto.public_key(]] .. EXAMPLES[2].jwk .. [[)
        made = made + (keys[i] and 1 or 0)
      end
      return made
    ]])
    assert.is_true(out[1] > 4000 and out[1] <= 4096, out[1])
    collectgarbage()
    collectgarbage()
    assert.same({ true }, run(("return crypto.public_key(%s) ~= nil"):format(EXAMPLES[2].jwk)))
  end)

  it("raises for what is neither a text nor a table", function()
    local why = run("return select(2, pcall(crypto.public_key, 5))")[1]
    assert.truthy(why:find("expected a PEM or a JSON Web Key, got 5", 1, true), why)
  end)
end)
