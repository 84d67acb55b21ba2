-- SPDX-License-Identifier: Apache-2.0
-- plugins/acl.lua, and several methods above it.

local gate = require "lunette.spec"

local CONSUMERS = {
  { name = "alice", keys = "alice-key-1", groups = { "staff", "admin" } },
  { name = "bob", keys = "bob-bob-bob", groups = { "staff" } },
  { name = "carol", keys = "carol-key-1" },
}


describe("acl", function()
  before_each(function()
    gate.reset()
    gate.consumers(CONSUMERS)
  end)

  local function ask(settings, key, auth)
    return gate.request(gate.chain {
      gate.plugin("key-auth", auth or { otherwise = "next" }),
      gate.plugin("acl", settings),
      function() return 200, "in" end,
    }, { headers = { ["X-Api-Key"] = key } })
  end

  local rows = {
    { {}, "alice bob carol" },
    { { allow = { groups = { "admin" } } }, "alice" },
    { { allow = { groups = { "staff" } } }, "alice bob" },
    { { allow = { groups = { "staff" }, consumers = { "carol" } } }, "alice bob carol" },
    { { allow = { consumers = { "carol" } } }, "carol" },
    { { deny = { groups = { "admin" } } }, "bob carol" },
    { { deny = { consumers = { "bob", "nobody" } } }, "alice carol" },
    { { allow = { groups = { "staff" } }, deny = { groups = { "admin" } } }, "bob" },
    { { allow = { groups = { "nobody" } } }, "" },
  }
  for i, row in ipairs(rows) do
    it("lets the right ones pass, case " .. i, function()
      local passed = {}
      for _, one in ipairs { { "alice", "alice-key-1" }, { "bob", "bob-bob-bob" }, { "carol", "carol-key-1" } } do
        local out = ask(row[1], one[2])
        if out.status == 200 then
          passed[#passed + 1] = one[1]
        else
          assert.equal(403, out.status)
          assert.equal("not_allowed", out.headers["X-Lunette-Reason"])
          assert.is_nil(out.headers["WWW-Authenticate"])
        end
      end
      assert.equal(row[2], table.concat(passed, " "))
    end)
  end

  it("asks those who have shown nothing for what the plugins above know", function()
    local out = ask({}, nil)
    assert.equal(401, out.status)
    assert.equal('ApiKey realm="lunette"', out.headers["WWW-Authenticate"])
    assert.equal("no_credentials", out.headers["X-Lunette-Reason"])
  end)

  it("refuses them where nobody can ask", function()
    local out = gate.request(gate.chain { gate.plugin("acl", {}), function() return 200 end })
    assert.equal(403, out.status)
  end)

  it("goes by the groups that are lent to those without credentials", function()
    assert.equal(200, ask({ allow = { groups = { "staff" } } }, nil, { anonymous = "bob" }).status)
    assert.equal(403, ask({ allow = { groups = { "admin" } } }, nil, { anonymous = "bob" }).status)
  end)

  it("knows the groups of those who are no consumers", function()
    local function status(groups)
      return gate.request(gate.chain {
        function(req) req.client:authenticate { method = "test", id = "dave", groups = groups } end,
        gate.plugin("acl", { allow = { groups = { "admin" }, consumers = { "dave" } } }),
        function() return 200 end,
      }).status
    end
    assert.equal(200, status { "x", "admin" })
    assert.equal(403, status { "admins" })
    assert.equal(403, status()) -- the name of a consumer is not one that a token tells
  end)

  it("wants somebody in its lists", function()
    assert.has_error(function() gate.plugin("acl", { allow = {} }) end, "acl:\n  allow: expected a group or a consumer")
    assert.has_error(function() gate.plugin("acl", { deny = {} }) end, "acl:\n  deny: expected a group or a consumer")
  end)
end)
