-- SPDX-License-Identifier: Apache-2.0
-- plugins/request-id.lua

local gate = require "lunette.spec"

describe("request-id", function()
  before_each(gate.reset)

  local function ask(settings, request)
    return gate.request(gate.plugin("request-id", settings), request)
  end

  local function id(form)
    return ask({ form = form }):sent().headers["X-Request-Id"]
  end

  it("makes random UUIDs (RFC 9562 section 5.4)", function()
    local seen = {}
    for _ = 1, 200 do
      local one = id "uuid4"
      assert.truthy(one:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-" .. ("%x"):rep(12) .. "$"), one)
      assert.is_nil(seen[one])
      seen[one] = true
    end
  end)

  it("makes UUIDs that begin with the time (RFC 9562 section 5.7)", function()
    local one = id "uuid7"
    assert.truthy(one:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-" .. ("%x"):rep(12) .. "$"), one)
    assert.equal(1700000000000, tonumber(one:sub(1, 8) .. one:sub(10, 13), 16))
    gate.clock:advance(0.5)
    assert.is_true(id "uuid7" > one)
  end)

  it("makes ULIDs", function()
    local one = id "ulid"
    assert.truthy(one:find("^[0-9A-HJKMNP-TV-Z]+$"), one)
    assert.equal(26, #one)
    assert.equal("01HF7YAT00", one:sub(1, 10))
    assert.not_equal(one, id "ulid")
    gate.clock:advance(0.001)
    assert.is_true(id "ulid" > one)
  end)

  it("can pass on the gateway's own", function()
    assert.equal("req-1", id "gateway")
  end)

  it("is the request's id everywhere", function()
    local chain = gate.chain {
      gate.plugin("request-id", { header = "X-Trace" }),
      function(req) return 200, req.id .. " " .. req.headers["X-Trace"] end,
    }
    local out = gate.request(chain, {})
    assert.equal(out.headers["X-Trace"] .. " " .. out.headers["X-Trace"], out.body)
  end)

  it("tells the client, or not", function()
    assert.truthy(gate.response(gate.plugin("request-id", {}), {}, { status = 502 }).headers["X-Request-Id"])
    assert.is_nil(gate.response(gate.plugin("request-id", { echo = false }), {}, {}).headers["X-Request-Id"])
  end)

  it("overwrites what the client says, unless it is trusted", function()
    local request = { headers = { ["X-Request-Id"] = "mine-1" } }
    assert.not_equal("mine-1", ask({}, request):sent().headers["X-Request-Id"])
    assert.equal("mine-1", ask({ trust = true }, request):sent().headers["X-Request-Id"])
  end)

  it("takes no id from anybody that is none", function()
    for _, bad in ipairs { "", "a b", 'a"b', "a\\b", "<script>", ("x"):rep(129), "a,b", "\255" } do
      local out = ask({ trust = true }, { headers = { ["X-Request-Id"] = bad } })
      assert.is_nil(out.status)
      assert.truthy(out:sent().headers["X-Request-Id"]:find("^%x+%-%x+%-7"), bad)
    end
    local longest = ("x"):rep(128)
    assert.equal(longest, ask({ trust = true }, { headers = { ["X-Request-Id"] = longest } }).req.id)
  end)

  it("explains wrong settings", function()
    assert.has_error(function() gate.plugin("request-id", { form = "uuid5", header = "a b" }) end,
      'request-id:\n  form: expected one of "uuid7", "uuid4", "ulid" or "gateway", got "uuid5" (string); '
      .. 'did you mean "uuid7"?\n  header: expected a header name, got "a b" (string)')
  end)
end)
