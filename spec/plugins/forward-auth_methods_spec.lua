-- SPDX-License-Identifier: Apache-2.0
-- plugins/forward-auth.lua above and below other plugins that find out who is calling.

local gate = require "lunette.spec"

local URL = "http://auth:9000/check"


describe("forward-auth as one of several methods", function()
  before_each(function()
    gate.reset()
    gate.consumers { { name = "alice", keys = "alice-key-1" }, { name = "guest" } }
  end)

  local function settings(more)
    local all = { url = URL, take = { "X-User" }, identity = "X-User" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local KEY = { ["X-Api-Key"] = "alice-key-1", ["Authorization"] = "Bearer x" }

  local function combined(keys, conf, more)
    local list = { gate.plugin("key-auth", keys), gate.plugin("forward-auth", settings(conf)) }
    if more then list[3] = gate.plugin(more, {}) end
    list[#list + 1] = function(req)
      return 200, { by = req.client.authenticated, consumer = req.client.consumer, user = req.headers["X-User"],
        lent = req.headers["X-Anonymous-Consumer"], authorization = req.headers["Authorization"] }
    end
    return gate.chain(list)
  end

  it("leaves those alone whom a plugin above knows", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "u-7" })
    local plugin = combined { otherwise = "next" }
    assert.same({ by = "key-auth", consumer = "alice", authorization = "Bearer x" },
      gate.request(plugin, { headers = KEY }):json())
    assert.equal(0, #gate.http.requests)
    assert.equal("forward-auth", gate.request(plugin, { headers = { Authorization = "Bearer x" } }):json().by)
  end)

  it("asks about them where it has no part in who it is", function()
    gate.http:on("GET " .. URL, 403, "")
    local plugin = gate.chain {
      gate.plugin("key-auth", {}), gate.plugin("forward-auth", { url = URL }), function() return 200 end,
    }
    assert.equal(403, gate.request(plugin, { headers = KEY }).status)
  end)

  it("leaves requests without credentials to those below, or lends a consumer, without asking", function()
    local plugin = combined({ otherwise = "next" }, { otherwise = "next" })
    local seen = gate.request(plugin, { headers = { ["X-User"] = "eve" } })
    assert.same({}, seen:json())
    seen = gate.request(combined({ otherwise = "next" }, { anonymous = "guest" }), {})
    assert.same({ consumer = "guest", lent = "true" }, seen:json())
    assert.equal(0, #gate.http.requests)
    local out = gate.request(combined({ otherwise = "next" }, { otherwise = "next" }, "acl"), {})
    assert.equal(401, out.status)
    assert.equal('ApiKey realm="lunette", Bearer realm="lunette"', out.headers["WWW-Authenticate"])
    assert.equal(3, gate.metrics('auth_requests_total{plugin="forward-auth",result="missing"}'))
  end)

  it("refuses wrong ones all the same, and asks for what else would do", function()
    gate.http:on("GET " .. URL, 401, "who?", { ["WWW-Authenticate"] = { 'Bearer realm="x"', "Negotiate" } })
    local plugin = combined({ otherwise = "next" }, { otherwise = "next" }, "basic-auth")
    for _, headers in ipairs { { Authorization = "Bearer y" }, { Cookie = "a=b" } } do
      local out = gate.request(plugin, { headers = headers })
      assert.equal(401, out.status)
      assert.equal("who?", out.body)
      assert.equal('ApiKey realm="lunette", Bearer realm="x", Negotiate, Basic realm="lunette", charset="UTF-8"',
        out.headers["WWW-Authenticate"])
    end
    assert.equal(2, #gate.http.requests)
  end)

  it("finds credentials where it is told to, and keeps them from the service", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "u-7" })
    local plugin = combined({ otherwise = "next" }, { otherwise = "next", from = { "bearer" }, hide = true })
    assert.is_nil(gate.request(plugin, { headers = { Authorization = "Basic x", Cookie = "a=b" } }):json().by)
    assert.same({ by = "forward-auth", user = "u-7" },
      gate.request(plugin, { headers = { Authorization = "Bearer x" } }):json())
    assert.equal("Bearer x", gate.http.requests[1].headers["Authorization"])
  end)
end)
