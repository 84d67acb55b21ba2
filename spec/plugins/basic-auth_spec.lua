-- SPDX-License-Identifier: Apache-2.0
-- plugins/basic-auth.lua

local gate = require "lunette.spec"

-- "secret", made cheaply
local HASH = "$6$rounds=1000$salt$"
  .. "HNxBeBnDfSfUrTj6KiLnmd7tGCvHEmcExh8kl/S0cZ5WrCciNZgfhbpkeFQ4JfkHX.8vPq45lY0iINnCx1Lkm."
local COLON = "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7"
local CONSUMERS = {
  { name = "alice", password = HASH, groups = { "staff" } },
  { name = "bob", keys = "bob-key-123" },
  { name = "carol", password = COLON },
  { name = "guest", groups = { "guests" } },
}


describe("basic-auth", function()
  before_each(function()
    gate.reset()
    gate.consumers(CONSUMERS)
  end)

  local function ask(settings, headers)
    return gate.request(gate.chain {
      gate.plugin("basic-auth", settings),
      function(req)
        local client = req.client
        return 200, { consumer = client.consumer, key = client.key, by = client.authenticated,
          header = req.headers["Authorization"], told = req.headers["X-Consumer-Name"] }
      end,
    }, { headers = headers })
  end

  local function with(text, scheme)
    return { Authorization = (scheme or "Basic") .. " " .. require("lunette.crypto").base64(text) }
  end

  it("knows a consumer by name and password", function()
    for _, scheme in ipairs { "Basic", "basic", "BASIC" } do
      local seen = ask({}, with("alice:secret", scheme)):json()
      assert.equal("alice", seen.consumer)
      assert.equal("consumer:alice", seen.key)
      assert.equal("basic-auth", seen.by)
      assert.equal("alice", seen.told)
      assert.is_nil(seen.header)
    end
    assert.truthy(ask({ hide = false }, with("alice:secret")):json().header)
  end)

  for _, pair in ipairs {
    "alice:Secret", "alice:", "alice:secret ", "alice:secret\0x", "alice", ":", ":secret", "bob:secret",
    "bob:bob-key-123", "zed:secret", "Alice:secret", "guest:", "alice:" .. ("x"):rep(600), "alice:se\ncret", "alice:*0",
  } do
    it(("refuses %q"):format(pair:sub(1, 20)), function()
      for _, settings in ipairs { {}, { otherwise = "next" }, { anonymous = "guest" } } do
        local out = ask(settings, with(pair))
        assert.equal(401, out.status)
        assert.equal('Basic realm="lunette", charset="UTF-8"', out.headers["WWW-Authenticate"])
        assert.equal("bad_credentials", out.headers["X-Lunette-Reason"])
      end
      assert.equal(200, ask({}, with("alice:secret")).status)
    end)
  end

  it("refuses what is no base64, and two headers", function()
    for _, value in ipairs { "Basic", "Basic ***", "Basic YWxpY2U6c2VjcmV0 x", "Basic YWxpY2U6c2VjcmV" } do
      assert.equal("bad_credentials", ask({}, { Authorization = value }).headers["X-Lunette-Reason"])
    end
    local twice = { with("alice:secret").Authorization, with("carol:secret").Authorization }
    assert.equal(401, ask({}, { Authorization = twice }).status)
  end)

  it("answers 401 to requests without credentials of its kind", function()
    for _, headers in ipairs { {}, { Authorization = "Bearer abc" }, { Authorization = "Basically x" } } do
      local out = ask({ realm = "shop" }, headers)
      assert.equal(401, out.status)
      assert.equal('Basic realm="shop", charset="UTF-8"', out.headers["WWW-Authenticate"])
      assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
    end
  end)

  it("leaves them to others where it is told so, with what is theirs", function()
    local seen = ask({ otherwise = "next" }, { Authorization = "Bearer abc" }):json()
    assert.is_nil(seen.consumer)
    assert.equal("Bearer abc", seen.header)
    assert.equal("guest", ask({ anonymous = "guest" }, {}):json().consumer)
  end)

  it("takes passwords with colons and in UTF-8", function()
    assert.equal(401, ask({}, with("alice:a:b")).status)
    assert.equal(401, ask({}, with("alice:gr\xc3\xbcn")).status)
  end)

  it("counts what came of them", function()
    ask({}, with("alice:secret"))
    ask({}, with("alice:guess"))
    ask({}, with("nobody:guess"))
    assert.equal(1, gate.metrics('basic_auth_logins_total{result="right"}'))
    assert.equal(2, gate.metrics('basic_auth_logins_total{result="wrong"}'))
    ask({}, {})
    for result, count in pairs { accepted = 1, wrong = 2, missing = 1 } do
      assert.equal(count, gate.metrics(('auth_requests_total{plugin="basic-auth",result="%s"}'):format(result)))
    end
  end)

  it("judges no more guesses of an address than it is told to, and right ones neither", function()
    local plugin = gate.chain {
      gate.plugin("basic-auth", { failures = "3/m" }), function(req) return 200, req.client.consumer end,
    }
    local function status(text, ip, network)
      local out = gate.request(plugin, { headers = text and with(text), ip = ip, network = network })
      return out.status, out
    end
    for _ = 1, 10 do assert.equal(200, (status("alice:secret", "192.0.2.1"))) end
    for _ = 1, 3 do assert.equal(401, (status("alice:guess", "192.0.2.1"))) end
    local code, out = status("alice:secret", "192.0.2.1")
    assert.equal(429, code)
    assert.equal("20", out.headers["Retry-After"])
    assert.equal("too_many_failures", out.headers["X-Lunette-Reason"])
    assert.equal(401, (status(nil, "192.0.2.1"))) -- no guess
    assert.equal(200, (status("alice:secret", "192.0.2.2")))
    gate.clock:advance(20)
    assert.equal(200, (status("alice:secret", "192.0.2.1")))
    assert.equal(401, (status("zed:guess", "192.0.2.1")))
    assert.equal(429, (status("zed:guess", "192.0.2.1")))
    for i = 1, 3 do assert.equal(401, (status("alice:guess", "2001:db8::" .. i, "2001:db8::"))) end
    assert.equal(429, (status("alice:guess", "2001:db8::9", "2001:db8::")))
    assert.equal(3, gate.metrics('basic_auth_logins_total{result="limited"}'))
    assert.equal(3, gate.metrics('auth_requests_total{plugin="basic-auth",result="limited"}'))
  end)

  it("stands with other methods, and all of them are asked for", function()
    local function both(headers)
      return gate.request(gate.chain {
        gate.plugin("key-auth", { otherwise = "next" }),
        gate.plugin("basic-auth", {}),
        function(req) return 200, { consumer = req.client.consumer, by = req.client.authenticated } end,
      }, { headers = headers })
    end
    assert.equal("key-auth", both({ ["X-Api-Key"] = "bob-key-123" }):json().by)
    assert.equal("basic-auth", both(with("alice:secret")):json().by)
    local out = both({})
    assert.equal(401, out.status)
    assert.equal('ApiKey realm="lunette", Basic realm="lunette", charset="UTF-8"', out.headers["WWW-Authenticate"])
    local two = with("alice:guess")
    two["X-Api-Key"] = "bob-key-123"
    assert.equal("key-auth", both(two):json().by) -- it was settled above
  end)
end)
