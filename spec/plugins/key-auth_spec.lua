-- SPDX-License-Identifier: Apache-2.0
-- plugins/key-auth.lua

local gate = require "lunette.spec"

local CONSUMERS = {
  { name = "alice", keys = { "alice-key-1", "alice-key-2" }, groups = { "staff", "admin" } },
  { name = "bob", keys = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b" }, -- "secret"
  { name = "guest", groups = { "guests" }, limits = { rate = "1/s" } },
}


describe("key-auth", function()
  before_each(function()
    gate.reset()
    gate.consumers(CONSUMERS)
  end)

  local function ask(settings, request)
    return gate.request(gate.chain {
      gate.plugin("key-auth", settings),
      function(req)
        local client = req.client
        return 200, { consumer = client.consumer, id = client.id, key = client.key, groups = client.groups,
          by = client.authenticated, cookie = req.headers["Cookie"], query = req.query,
          header = req.headers["X-Api-Key"], authorization = req.headers["Authorization"],
          told = req.headers["X-Consumer-Name"], told_groups = req.headers["X-Consumer-Groups"],
          lent = req.headers["X-Anonymous-Consumer"] }
      end,
    }, request)
  end

  local function with(key) return { id = "r-1", headers = { ["X-Api-Key"] = key } } end

  it("knows a consumer by each of its keys", function()
    for _, key in ipairs { "alice-key-1", "alice-key-2" } do
      local seen = ask({}, with(key)):json()
      assert.equal("alice", seen.consumer)
      assert.equal("consumer:alice", seen.key)
      assert.equal("key-auth", seen.by)
      assert.same({ "staff", "admin" }, seen.groups)
    end
  end)

  it("knows one by the digest of its key", function()
    assert.equal("bob", ask({}, with("secret")):json().consumer)
  end)

  it("does not take a digest for the key that it is of", function()
    local digest = CONSUMERS[2].keys
    for _, key in ipairs { digest, digest:sub(8), digest:upper() } do assert.equal(401, ask({}, with(key)).status) end
  end)

  it("counts what came of them, wrong ones and missing ones, too", function()
    ask({}, with("alice-key-1"))
    ask({}, with("alice-key-9"))
    ask({}, with(nil))
    ask({ otherwise = "next" }, with(nil))
    for result, count in pairs { accepted = 1, wrong = 1, missing = 2 } do
      assert.equal(count, gate.metrics(('auth_requests_total{plugin="key-auth",result="%s"}'):format(result)))
    end
  end)

  it("takes no key of a request that has several in one place: the service might take another", function()
    local function status(name, ...)
      return ask({ from = { "bearer", "header:X-Api-Key" }, hide = false }, { headers = { [name] = { ... } } }).status
    end
    assert.equal(401, status("X-Api-Key", "alice-key-1", "secret"))
    assert.equal(401, status("X-Api-Key", "alice-key-1", "alice-key-1"))
    assert.equal(200, status("X-Api-Key", "alice-key-1"))
    assert.equal(401, status("Authorization", "Bearer alice-key-1", "Bearer secret"))
    assert.equal(401, status("Authorization", "Basic YTpi", "Bearer alice-key-1"))
    assert.equal(401, status("Authorization", "Bearer alice-key-1", "Basic YTpi"))
    assert.equal(200, status("Authorization", "Bearer alice-key-1"))
    local function by_query(query) return ask({ from = { "query:key" }, hide = false }, { query = query }).status end
    assert.equal(401, by_query "key=alice-key-1&key=secret")
    assert.equal(401, by_query "key=alice-key-1&a=1&k%65y=")
    assert.equal(200, by_query "key=alice-key-1&keys=secret")
    local seen = ask({ from = { "bearer" } }, { headers = { ["Authorization"] = { "Basic YTpi", "Basic YTpj" } } })
    assert.equal("no_credentials", seen.headers["X-Lunette-Reason"])
  end)

  it("answers 401 to requests without a key", function()
    local out = ask({ realm = "shop" }, with(nil))
    assert.equal(401, out.status)
    assert.equal('ApiKey realm="shop"', out.headers["WWW-Authenticate"])
    assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
    assert.same({ error = "Credentials are needed", code = "no_credentials", request_id = "r-1" }, out:json())
    assert.equal(401, ask({}, with("")).status)
    assert.equal(200, ask({}, with("alice-key-1")).status)
  end)

  it("answers 401 to a wrong key, whatever becomes of requests without one", function()
    for _, settings in ipairs { {}, { otherwise = "next" }, { anonymous = "guest" } } do
      for _, key in ipairs { "alice-key", "alice-key-11", "ALICE-KEY-1", ("x"):rep(600), "guest" } do
        local out = ask(settings, with(key))
        assert.equal(401, out.status)
        assert.equal("bad_credentials", out.headers["X-Lunette-Reason"])
        assert.falsy(out.body:find(key, 1, true))
      end
      assert.equal(200, ask(settings, with("alice-key-1")).status)
    end
  end)

  it("leaves requests without a key to others where it is told so", function()
    local seen = ask({ otherwise = "next" }, with(nil)):json()
    assert.is_nil(seen.consumer)
    assert.is_nil(seen.by)
    assert.equal("10.0.0.1", seen.key)
    assert.is_nil(seen.told)
  end)

  it("lends them the groups of a consumer, and counts them as before", function()
    local seen = ask({ anonymous = "guest" }, with(nil)):json()
    assert.equal("guest", seen.consumer)
    assert.same({ "guests" }, seen.groups)
    assert.equal("10.0.0.1", seen.key)
    assert.is_nil(seen.by)
    assert.equal("guest", seen.told)
    assert.equal("true", seen.lent)
  end)

  it("tells the service of nobody lent who was proved, here or below", function()
    local alice = with("alice-key-1")
    alice.headers["X-Anonymous-Consumer"] = "true"
    assert.is_nil(ask({}, alice):json().lent)
    local chain = gate.chain {
      gate.plugin("key-auth", { anonymous = "guest", from = { "bearer" } }),
      gate.plugin("key-auth", {}),
      function(req) return 200, { req.headers["X-Consumer-Name"], req.headers["X-Anonymous-Consumer"] } end,
    }
    assert.same({ "alice" }, gate.request(chain, with("alice-key-1")):json())
  end)

  it("asks for all that would do when it refuses, be they above or below", function()
    local APIKEY, BASIC, BEARER = 'ApiKey realm="lunette"', 'Basic realm="lunette", charset="UTF-8"', 'Bearer realm="k"'
    local function asked(first, ...)
      local uses = { gate.plugin("key-auth", first) }
      for _, use in ipairs { ... } do uses[#uses + 1] = gate.plugin(use[1], use[2]) end
      return gate.request(gate.chain(uses), with("wrong-key")).headers["WWW-Authenticate"]
    end
    local following, asking = { otherwise = "next" }, {}
    local bearer = { from = { "bearer" }, realm = "k" }
    assert.equal(APIKEY .. ", " .. BASIC, asked(following, { "basic-auth", asking }))
    assert.equal(APIKEY .. ", " .. BASIC, asked({ anonymous = "guest" }, { "basic-auth", asking }))
    assert.equal(APIKEY .. ", " .. BASIC .. ", " .. BEARER,
      asked(following, { "basic-auth", following }, { "key-auth", bearer }))
    assert.equal(APIKEY .. ", " .. BASIC, asked(following, { "basic-auth", asking }, { "key-auth", bearer }))
    assert.equal(APIKEY, asked(asking, { "basic-auth", asking }))
    local never = { when = function() return false end }
    local broken = { when = function() error("broken") end }
    assert.equal(APIKEY .. ", " .. BEARER,
      asked(following, { "basic-auth", never }, { "basic-auth", broken }, { "acl", {} }, { "key-auth", bearer }))
  end)

  it("tells the service, and keeps the key from it", function()
    local seen = ask({}, with("alice-key-1")):json()
    assert.equal("alice", seen.told)
    assert.equal("staff,admin", seen.told_groups)
    assert.is_nil(seen.header)
    seen = ask({ hide = false, tell = false }, with("alice-key-1")):json()
    assert.is_nil(seen.told)
    assert.equal("alice-key-1", seen.header)
  end)

  it("reads and hides keys in queries and cookies", function()
    local from = { "header:X-Api-Key", "query:key", "cookie:key" }
    local seen = ask({ from = from }, "GET /?a=1&key=alice-key-1&b=2"):json()
    assert.equal("alice", seen.consumer)
    assert.equal("a=1&b=2", seen.query)
    seen = ask({ from = from }, { headers = { Cookie = "a=1; key=alice-key-1; keys=2" } }):json()
    assert.equal("alice", seen.consumer)
    assert.equal("a=1; keys=2", seen.cookie)
    seen = ask({ from = from }, { headers = { Cookie = "key=alice-key-1" } }):json()
    assert.is_nil(seen.cookie)
  end)

  it("takes keys as bearer tokens", function()
    local function bearer(value, from)
      return ask({ from = from or { "bearer" } }, { headers = { Authorization = value } })
    end
    for _, value in ipairs { "Bearer alice-key-1", "bearer  alice-key-1" } do
      local seen = bearer(value):json()
      assert.equal("alice", seen.consumer)
      assert.is_nil(seen.authorization)
    end
    assert.equal("bad_credentials", bearer("Bearer alice-key").headers["X-Lunette-Reason"])
    local out = bearer("Basic YWxpY2U6c2VjcmV0")
    assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
    assert.equal('Bearer realm="lunette"', out.headers["WWW-Authenticate"])
    out = bearer("alice-key-1", { "header:X-Api-Key", "bearer" })
    assert.equal('ApiKey realm="lunette", Bearer realm="lunette"', out.headers["WWW-Authenticate"])
    out = ask({ from = { "bearer" }, otherwise = "next" }, { headers = { Authorization = "Basic x" } })
    assert.equal("Basic x", out:json().authorization)
  end)

  it("takes the first key that is there, and hides all", function()
    local from = { "header:X-Api-Key", "query:key" }
    local out = ask({ from = from }, { path = "/?key=alice-key-1", headers = { ["X-Api-Key"] = "wrong-key" } })
    assert.equal(401, out.status)
    out = ask({ from = from }, { path = "/?key=wrong-key", headers = { ["X-Api-Key"] = "alice-key-1" } })
    assert.equal("", out:json().query or "")
  end)

  it("wants sources and a realm that can be", function()
    assert.has_error(function() gate.plugin("key-auth", { from = { "key" } }) end,
      'key-auth: from[1]: expected "header:NAME", "query:NAME", "cookie:NAME" or "bearer", got "key"')
    assert.has_error(function() gate.plugin("key-auth", { realm = 'a"b' }) end,
      "key-auth: realm: expected a text without quotes, backslashes and special characters")
    assert.has_error(function() gate.plugin("key-auth", { anonymous = "nobody" }) end,
      'key-auth: anonymous: there is no consumer "nobody"')
  end)
end)
