-- SPDX-License-Identifier: Apache-2.0
-- plugins/jwt.lua with secrets and keys of its own; those that an issuer publishes are in jwt_keys_spec.lua.

local crypto = require "lunette.crypto"
local files = require "spec.helpers.files"
local gate = require "lunette.spec"
local json = require "lunette.json"
local made = require "spec.helpers.jwt_keys"

local SECRET = ("0123456789abcdef"):rep(4)
local hmac = { HS256 = crypto.hmac_sha256, HS384 = crypto.hmac_sha384, HS512 = crypto.hmac_sha512 }


local function part(value)
  return crypto.base64url(type(value) == "string" and value or json.encode(value))
end


local function sign(claims, header, secret)
  header = header or { alg = "HS256", typ = "JWT" }
  local signed = part(header) .. "." .. part(claims)
  return signed .. "." .. crypto.base64url((hmac[header.alg] or hmac.HS256)(secret or SECRET, signed))
end


describe("jwt", function()
  before_each(function()
    gate.reset()
    gate.consumers { { name = "alice", groups = { "staff", "admin" } }, { name = "guest", groups = { "guests" } } }
  end)

  local function now() return gate.clock:now() end

  local function claims(more)
    local all = { sub = "alice", exp = now() + 60 }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function settings(more)
    local all = { algorithms = { "HS256" }, secret = SECRET }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function chain(conf)
    return gate.chain {
      gate.plugin("jwt", conf),
      function(req)
        local client = req.client
        return 200, { consumer = client.consumer, id = client.id, key = client.key, by = client.authenticated,
          groups = client.groups, authorization = req.headers["Authorization"], email = req.headers["X-Email"],
          told = req.headers["X-Consumer-Name"] }
      end,
    }
  end

  local function ask(conf, token)
    return gate.request(chain(conf), { headers = token and { ["Authorization"] = "Bearer " .. token } or nil })
  end

  local function refused(conf, token, why)
    local out = ask(conf, token)
    assert.equal(401, out.status, why)
    assert.equal("bad_credentials", out.headers["X-Lunette-Reason"])
    assert.truthy(out.headers["WWW-Authenticate"]:find(why, 1, true), out.headers["WWW-Authenticate"])
    assert.equal(200, ask(conf, sign(claims())).status)
  end

  it("knows a consumer by its name in the token", function()
    local seen = ask(settings(), sign(claims())):json()
    assert.equal("alice", seen.consumer)
    assert.equal("consumer:alice", seen.key)
    assert.equal("jwt", seen.by)
    assert.equal("alice", seen.told)
    assert.same({ "staff", "admin" }, seen.groups)
    assert.is_nil(seen.authorization)
  end)

  it("knows somebody who is no consumer, with the groups of the token", function()
    local seen = ask(settings(), sign(claims { sub = "u-17", groups = { "a", "b", 7 } })):json()
    assert.is_nil(seen.consumer)
    assert.equal("u-17", seen.id)
    assert.same({ "a", "b" }, seen.groups)
    seen = ask(settings { groups_claim = "scope", consumer_claim = "client" },
      sign(claims { client = 42, scope = "read write" })):json()
    assert.equal("42", seen.id)
    assert.same({ "read", "write" }, seen.groups)
  end)

  it("tells the service claims that it may not be told by clients", function()
    local conf = settings { claims = { ["X-Email"] = "email" } }
    local function with(token)
      return gate.request(chain(conf), { headers = { ["Authorization"] = "Bearer " .. token, ["X-Email"] = "eve@x" } })
    end
    assert.equal("a@x", with(sign(claims { email = "a@x" })):json().email)
    assert.is_nil(with(sign(claims())):json().email)
    assert.equal("a%0D%0AX-Admin%3A%201", with(sign(claims { email = "a\r\nX-Admin: 1" })):json().email)
  end)

  it("tells the service numbers as they are, and none that are not exact", function()
    local conf = settings { claims = { ["X-Email"] = "n" } }
    for number, said in pairs {
      ["9007199254740991"] = "9007199254740991", ["1234567890123456"] = "1234567890123456", ["-7"] = "-7",
      ["0.1"] = "0.1",
      ["1700000000.123456"] = "1700000000.123456", ["[1234567890123456]"] = "[1234567890123456]",
    } do
      assert.equal(said, ask(conf, sign(('{"sub":"alice","exp":4102444800,"n":%s}'):format(number))):json().email)
    end
    for _, number in ipairs { "9007199254740993", "12345678901234567890", "1e400" } do
      assert.is_nil(ask(conf, sign(('{"sub":"alice","exp":4102444800,"n":%s}'):format(number))):json().email)
    end
  end)

  it("finds tokens where it is told to look, and leaves other schemes alone", function()
    local token = sign(claims())
    local conf = settings { from = { "bearer", "header:X-Token", "cookie:session", "query:token" } }
    for _, request in ipairs {
      { headers = { ["Authorization"] = "bearer  " .. token } }, { headers = { ["X-Token"] = token } },
      { headers = { ["Cookie"] = "a=b; session=" .. token } },
      { query = "token=" .. token },
    } do
      assert.equal("alice", gate.request(chain(conf), request):json().consumer)
    end
    local other = { headers = { ["Authorization"] = "Basic YWxpY2U6c2VjcmV0" } }
    assert.equal("no_credentials", gate.request(chain(conf), other).headers["X-Lunette-Reason"])
    local seen = gate.request(chain(settings { otherwise = "next" }), other):json()
    assert.equal("Basic YWxpY2U6c2VjcmV0", seen.authorization)
    assert.is_nil(seen.by)
  end)

  it("asks for a token when there is none", function()
    local out = ask(settings { realm = "shop" })
    assert.equal(401, out.status)
    assert.equal('Bearer realm="shop"', out.headers["WWW-Authenticate"])
    assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
    assert.same({ "guests" }, ask(settings { anonymous = "guest" }):json().groups)
  end)

  it("takes only the algorithms that it names", function()
    local token = sign(claims())
    local head, body = token:match("^(.-)%.(.-)%.")
    refused(settings(), sign(claims(), { alg = "HS512" }), "its algorithm is not one that is taken")
    refused(settings(), part { alg = "none" } .. "." .. body .. ".", "it is no signed token")
    refused(settings(), part { alg = "none" } .. "." .. body .. ".AA", "its algorithm is not one that is taken")
    refused(settings(), part { alg = { "HS256" } } .. "." .. body .. ".AA", "its algorithm is not one that is taken")
    refused(settings(), head .. "." .. body .. ".", "it is no signed token")
    refused(settings(), made.tokens.RS256, "its algorithm is not one that is taken")
    assert.equal(200, ask(settings { algorithms = { "HS512", "HS384" } }, sign(claims(), { alg = "HS384" })).status)
  end)

  it("does not take a public key for a secret", function()
    files.write("rsa.pem", made.pem.rsa)
    local conf = { algorithms = { "RS256" }, public_key = files.folder() .. "/rsa.pem" }
    local forged = sign({ sub = "alice", exp = now() + 60 }, { alg = "HS256" }, made.pem.rsa)
    local out = ask(conf, forged)
    assert.equal(401, out.status)
    assert.truthy(out.headers["WWW-Authenticate"]:find("its algorithm is not one that is taken", 1, true))
    assert.equal(200, ask(conf, made.tokens.RS256).status)
  end)

  it("notices every change", function()
    local token = sign(claims())
    for at = 1, #token do
      local other = token:sub(at, at) == "A" and "B" or "A"
      local out = ask(settings(), token:sub(1, at - 1) .. other .. token:sub(at + 1))
      if token:sub(at, at) ~= "." then assert.equal(401, out.status, at) end
    end
    refused(settings(), token .. "A", "its signature is not right")
    refused(settings(), sign(claims(), nil, ("x"):rep(32)), "its signature is not right")
  end)

  for what, token in pairs {
    nothing = "x", ["two parts"] = "a.b", ["four parts"] = "a.b.c.d", ["no base64url"] = "a+.b.c",
    ["padding"] = "eyJ9=.e30.AA",
    ["no JSON"] = part("hello") .. "." .. part("{}") .. ".AA", ["a list"] = part("[1]") .. "." .. part("[]") .. ".AA",
    ["an encrypted one"] = "a.b.c.d.e", ["a huge one"] = ("A"):rep(9000) .. ".AA.AA",
  } do
    it("refuses " .. what, function()
      assert.equal(401, ask(settings(), token).status)
      assert.equal(200, ask(settings(), sign(claims())).status)
    end)
  end

  it("refuses extensions that it does not know", function()
    refused(settings(), sign(claims(), { alg = "HS256", crit = { "exp" }, exp = 1 }), "extensions that are not known")
    refused(settings(), sign(claims(), { alg = "HS256", kid = 7 }), "it is no signed token")
  end)

  it("judges times, also of tokens that it has seen", function()
    local conf = settings { leeway = "30s" }
    local plugin = chain(conf)
    local token = sign(claims { exp = now() + 60, nbf = now() + 10, iat = now() })
    local function status()
      return gate.request(plugin, { headers = { ["Authorization"] = "Bearer " .. token } }).status
    end
    assert.equal(200, status())
    gate.clock:advance(89)
    assert.equal(200, status())
    gate.clock:advance(1)
    assert.equal(401, status())
    refused(conf, sign(claims { exp = now() - 30 }), "it has expired")
    refused(conf, sign(claims { nbf = now() + 31 }), "it is not valid yet")
    refused(conf, sign(claims { iat = now() + 31 }), "it was issued in the future")
    refused(conf, sign(claims { exp = "tomorrow" }), "one of its times is no number")
    refused(conf, sign { sub = "alice" }, "it has no claim exp")
    refused(conf, sign { sub = "alice", exp = json.null }, "it has no claim exp")
    assert.equal(200, ask(settings { require = {} }, sign { sub = "alice" }).status)
  end)

  it("judges issuer and audience", function()
    local conf = settings { issuer = { "https://a", "https://b" }, audience = { "shop" } }
    local function status(more) return ask(conf, sign(claims(more))).status end
    assert.equal(200, status { iss = "https://b", aud = "shop" })
    assert.equal(200, status { iss = "https://a", aud = { "api", "shop" } })
    for _, more in ipairs {
      { iss = "https://c", aud = "shop" }, { aud = "shop" }, { iss = { "https://a" }, aud = "shop" },
      { iss = "https://a", aud = "api" }, { iss = "https://a" }, { iss = "https://a", aud = {} },
      { iss = "https://a", aud = { { "shop" } } }, { iss = "https://a", aud = 7 },
    } do
      assert.equal(401, status(more))
    end
  end)

  it("refuses tokens that do not say who it is", function()
    for _, sub in ipairs { "", true, { "alice" }, 1.5, 1e300 } do
      refused(settings(), sign(claims { sub = sub }), "it does not say who it is")
    end
  end)

  it("knows several secrets by their kid", function()
    local other = ("fedcba9876543210"):rep(4)
    local conf = { algorithms = { "HS256" }, secrets = { one = SECRET, two = other } }
    local function status(kid, secret)
      return ask(conf, sign(claims(), { alg = "HS256", kid = kid }, secret)).status
    end
    assert.equal(200, status("one", SECRET))
    assert.equal(200, status("two", other))
    assert.equal(401, status("one", other))
    assert.equal(401, status("three", SECRET))
    assert.equal(401, status(nil, SECRET))
  end)

  it("verifies with the keys of a set, each for what it is", function()
    files.write("keys.json", made.jwks)
    local conf = { algorithms = { "RS256", "PS256", "ES256", "EdDSA" }, jwks_file = files.folder() .. "/keys.json" }
    for alg, token in pairs(made.tokens) do assert.equal("alice", ask(conf, token):json().consumer, alg) end
    conf.algorithms = { "RS256" }
    assert.equal(200, ask(conf, made.tokens.RS256).status)
    assert.equal(401, ask(conf, made.tokens.PS256).status)
    local head, rest = made.tokens.RS256:match("^(.-)(%..*)$")
    assert.truthy(head)
    assert.equal(401, ask(conf, part { alg = "RS256", kid = "e1" } .. rest).status)
  end)

  it("knows PEM keys by their kid", function()
    files.write("rsa.pem", made.pem.rsa)
    files.write("ec.pem", made.pem.ec)
    local conf = { algorithms = { "RS256", "ES256" },
      public_keys = { r1 = files.folder() .. "/rsa.pem", e1 = files.folder() .. "/ec.pem" } }
    assert.equal(200, ask(conf, made.tokens.RS256).status)
    assert.equal(200, ask(conf, made.tokens.ES256).status)
  end)

  for why, conf in pairs {
    ["secret: required for HS256, or secrets"] = { algorithms = { "HS256" } },
    ["secret: HS512 wants at least 64 bytes (RFC 7518 section 3.2)"] =
      { algorithms = { "HS256", "HS512" }, secret = ("x"):rep(63) },
    ["secret: RS256 is for public keys: use the plugin twice"] =
      { algorithms = { "HS256", "RS256" }, secret = SECRET },
    ["expected exactly one of public_key, public_keys, jwks and jwks_file"] = { algorithms = { "RS256" } },
    ["jwks: a name and a password in it cannot be sent"] = { algorithms = { "RS256" }, jwks = "http://usr:pw@a/keys" },
    ["jwks: expected a URL that begins with http://: this version has no TLS"] =
      { algorithms = { "RS256" }, jwks = "https://a/keys" },
    ["algorithms: required"] = { secret = SECRET },
  } do
    it("refuses settings: " .. why, function()
      local ok, err = pcall(gate.plugin, "jwt", conf)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(why, 1, true), tostring(err))
      assert.is_nil(tostring(err):find("xxxx", 1, true))
    end)
  end

  it("refuses files that have no key", function()
    files.write("none.pem", "hello")
    files.write("none.json", '{"keys":[{"kty":"oct","k":"AAAA"}]}')
    for setting, name in pairs { public_key = "none.pem", jwks_file = "none.json" } do
      local ok, err = pcall(gate.plugin, "jwt", { algorithms = { "RS256" }, [setting] = files.folder() .. "/" .. name })
      assert.is_false(ok)
      assert.truthy(tostring(err):find(setting .. ": no", 1, true), tostring(err))
    end
  end)
end)
