-- SPDX-License-Identifier: Apache-2.0
-- plugins/hmac-auth.lua, against the example of RFC 9421 and against all that is not one.

local crypto = require "lunette.crypto"
local gate = require "lunette.spec"

local SECRET = ("0123456789abcdef"):rep(2)
local SETTINGS = { secrets = { alice = SECRET, ["app-7"] = SECRET .. "7" } }


describe("hmac-auth", function()
  before_each(function()
    gate.reset()
    gate.consumers { { name = "alice", groups = { "staff" } } }
  end)

  local function chain(conf)
    return gate.chain {
      gate.plugin("hmac-auth", conf or SETTINGS),
      function(req)
        return 200, { consumer = req.client.consumer, id = req.client.id, signature = req.headers["Signature"] }
      end,
    }
  end

  local function input_of(names, parameters)
    local quoted = {}
    for i, name in ipairs(names) do quoted[i] = ('"%s"'):format(name) end
    return ("(%s)%s"):format(table.concat(quoted, " "), parameters)
  end

  -- A signed request. `with`: names, values of them, parameters, secret, body; `edit(request)` comes after signing.
  local function request(with, edit)
    with = with or {}
    local names = with.names or { "@method", "@authority", "@path", "@query" }
    local values = {
      ["@method"] = "GET", ["@authority"] = "shop.example", ["@path"] = "/a/b", ["@query"] = "?x=1&y=%20",
    }
    for name, value in pairs(with.values or {}) do values[name] = value end
    local keyid = with.keyid or "alice"
    local parameters = with.parameters or (';created=%d;keyid="%s"'):format(with.created or gate.clock:now(), keyid)
    local input, lines = input_of(names, parameters), {}
    for i, name in ipairs(names) do lines[i] = ('"%s": %s'):format(name, values[name]) end
    lines[#lines + 1] = '"@signature-params": ' .. input
    local bytes = crypto.hmac_sha256(with.secret or SECRET, table.concat(lines, "\n"))
    local r = { method = "GET", path = "/a/b", query = "x=1&y=%20", host = "Shop.Example:80", body = with.body }
    r.headers = { ["Signature-Input"] = "sig1=" .. input, ["Signature"] = ("sig1=:%s:"):format(crypto.base64(bytes)) }
    for name, value in pairs(with.headers or {}) do r.headers[name] = value end
    if edit then edit(r) end
    return r
  end

  local function refused(r, why, conf)
    local out = gate.request(chain(conf), r)
    assert.equal(401, out.status, why)
    assert.truthy(out.body:find(why, 1, true), out.body)
    assert.equal("bad_credentials", out.headers["X-Lunette-Reason"])
    assert.equal(200, gate.request(chain(), request()).status)
  end

  -- RFC 9421 appendix B.2.5. Its date is long past: what is compared is how the specs below sign.
  it("is signed for as the standard does it", function()
    local secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
    local r = request {
      names = { "date", "@authority", "content-type" }, secret = crypto.from_base64(secret),
      values = {
        date = "Tue, 20 Apr 2021 02:07:55 GMT", ["@authority"] = "example.com", ["content-type"] = "application/json",
      },
      parameters = ';created=1618884473;keyid="test-shared-secret"',
    }
    assert.equal("sig1=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:", r.headers["Signature"])
  end)

  it("knows consumers, and others by their keyid", function()
    local seen = gate.request(chain(), request()):json()
    assert.equal("alice", seen.consumer)
    assert.is_nil(seen.signature)
    seen = gate.request(chain(), request { keyid = "app-7", secret = SECRET .. "7" }):json()
    assert.is_nil(seen.consumer)
    assert.equal("app-7", seen.id)
  end)

  it("asks for a signature when there is none", function()
    local out = gate.request(chain(), {})
    assert.equal(401, out.status)
    assert.equal('Signature realm="lunette"', out.headers["WWW-Authenticate"])
    assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
  end)

  it("notices what is other than it was signed", function()
    for _, edit in ipairs {
      function(r) r.method = "POST" end, function(r) r.path = "/a/c" end, function(r) r.query = "x=2" end,
      function(r) r.query = nil end, function(r) r.host = "other.example" end,
      function(r) r.headers["Signature-Input"] = r.headers["Signature-Input"]:gsub("alice", "app-7") end,
      function(r) r.headers["Signature-Input"] = r.headers["Signature-Input"] .. ';tag="x"' end,
      function(r) r.headers["Signature"] = "sig1=:AAAA:" end,
    } do
      refused(request(nil, edit), "the signature is not right")
    end
  end)

  it("signs header fields as they are combined", function()
    local conf = { secrets = SETTINGS.secrets, components = { "@method", "x-list" } }
    local r = request {
      names = { "@method", "x-list" }, values = { ["x-list"] = "a, b" }, headers = { ["X-List"] = { "a", "b" } },
    }
    assert.equal(200, gate.request(chain(conf), r).status)
    r.headers["X-List"] = { "a", "c" }
    refused(r, "the signature is not right", conf)
    r.headers["X-List"] = nil
    refused(r, "it signs x-list, which is not there", conf)
  end)

  it("wants all that it names to be signed", function()
    refused(request { names = { "@method", "@authority", "@path" } }, "it does not sign @query")
    refused(request { names = {} }, "it does not sign @method")
  end)

  it("judges times", function()
    local now = gate.clock:now()
    refused(request { created = now - 301 }, "it is too old")
    refused(request { created = now + 301 }, "it was created in the future")
    refused(request { parameters = ';keyid="alice"' }, "it does not say when it was created")
    for _, created in ipairs { "nan", "inf", "0x7fffffff", "1e99" } do
      local r = request { parameters = (';created=%s;keyid="alice"'):format(created) }
      refused(r, "it does not say when it was created")
    end
    refused(request { parameters = (';created=%d;expires=%d;keyid="alice"'):format(now, now - 1) }, "it has expired")
    refused(request { parameters = (';created=%d;keyid="alice";alg="rsa-v1_5-sha256"'):format(now) }, "not hmac-sha256")
    assert.equal(200, gate.request(chain(), request { created = now - 299 }).status)
    assert.equal(200, gate.request(chain(),
      request { parameters = (';created=%d;expires=%d;keyid="alice";alg="hmac-sha256"'):format(now, now + 1) }).status)
  end)

  it("refuses keys that it does not know", function()
    refused(request { keyid = "eve" }, "its key is not known")
    refused(request { parameters = (";created=%d"):format(gate.clock:now()) }, "its key is not known")
  end)

  for what, text in pairs {
    nothing = "", words = "hello", ["no list"] = 'sig1="@method"', ["an open list"] = 'sig1=("@method"',
    ["an open quote"] = 'sig1=("@method)', ["a name twice"] = 'sig1=("a" "a");created=1;keyid="alice"',
    ["a parameter of a name"] = 'sig1=("a";sf);created=1;keyid="alice"',
    ["a capital"] = 'sig1=("Date");created=1;keyid="alice"',
    ["a parameter twice"] = 'sig1=("a");created=1;created=2;keyid="alice"',
    ["too many"] = ('s=("a");keyid="alice", '):rep(5) .. "t=()", ["too much"] = 'sig1=("' .. ("a"):rep(5000) .. '")',
  } do
    it("refuses as Signature-Input " .. what, function()
      local out = gate.request(chain(), request(nil, function(r) r.headers["Signature-Input"] = text end))
      assert.equal(401, out.status)
      assert.equal(200, gate.request(chain(), request()).status)
    end)
  end

  it("compares content with its digest", function()
    local names = { "@method", "@authority", "@path", "@query", "content-digest" }
    local function with(body, digest)
      return request {
        names = names, values = { ["content-digest"] = digest }, headers = { ["Content-Digest"] = digest }, body = body,
      }
    end
    local function sha256(text) return ("sha-256=:%s:"):format(crypto.base64(crypto.sha256(text))) end
    assert.equal(200, gate.request(chain(), with("hello", sha256 "hello")).status)
    local sha512 = ("sha-512=:%s:"):format(crypto.base64(crypto.sha512("hello")))
    assert.equal(200, gate.request(chain(), with("hello", sha512)).status)
    refused(with("hello", sha256 "other"), "the content is not what was signed")
    local other = ("sha-512=:%s:"):format(crypto.base64(crypto.sha512("other")))
    assert.equal(200, gate.request(chain(), with("hello", sha256 "hello" .. ", " .. sha512)).status)
    refused(with("hello", sha256 "hello" .. ", " .. other), "the content is not what was signed")
    refused(with("hello", sha256 "other" .. ", " .. sha512), "the content is not what was signed")
    refused(with("hello", "md5=:AAAA:"), "neither sha-256 nor sha-512")
    refused(request { body = "hello" }, "it does not sign content-digest")
    local lax = chain { secrets = SETTINGS.secrets, digest = false }
    assert.equal(200, gate.request(lax, request { body = "hello" }).status)
    local out = gate.request(chain { secrets = SETTINGS.secrets, max = 4 }, with("hello", sha256 "hello"))
    assert.equal(413, out.status)
    assert.equal(1, gate.metrics('auth_requests_total{plugin="hmac-auth",result="undecided"}'))
  end)

  it("takes a nonce once", function()
    local conf = { secrets = SETTINGS.secrets, nonce = true }
    local plugin = chain(conf)
    local function signed(nonce)
      return request { parameters = (';created=%d;keyid="alice"%s'):format(gate.clock:now(), nonce) }
    end
    local r = signed ';nonce="n1"'
    assert.equal(200, gate.request(plugin, r).status)
    local out = gate.request(plugin, r)
    assert.equal(401, out.status)
    assert.truthy(out.body:find("its nonce was used before", 1, true))
    assert.equal(200, gate.request(plugin, signed ';nonce="n2"').status)
    refused(signed "", "it has no nonce", conf)
  end)

  it("hides signatures, too, when somebody else has proved who it is", function()
    local function prove(req) req.client:authenticate { method = "test", id = "u" } end
    local show = function(req) return 200, tostring(req.headers["Signature"]) end
    assert.equal("nil", gate.request(gate.chain { prove, gate.plugin("hmac-auth", SETTINGS), show }, request()).body)
  end)

  it("wants names of components in lower case", function()
    local ok, err = pcall(gate.plugin, "hmac-auth", { secrets = SETTINGS.secrets, components = { "Date" } })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("components: Date: names are in lower case", 1, true), tostring(err))
  end)

  it("wants secrets that nobody guesses", function()
    local ok, err = pcall(gate.plugin, "hmac-auth", { secrets = { alice = "password" } })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("the secret of alice has less than 16 bytes", 1, true), tostring(err))
  end)
end)
