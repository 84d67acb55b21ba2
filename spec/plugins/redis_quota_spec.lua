-- SPDX-License-Identifier: Apache-2.0
-- The example redis-quota of the pages, against gate.redis.

local gate = require "lunette.spec"


describe("redis-quota", function()
  local folder

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    folder = pipe:read("*l")
    pipe:close()
    local from = assert(io.open("spec/fixtures/redis_quota.lua"))
    local to = assert(io.open(folder .. "/redis-quota.lua", "w"))
    to:write(from:read("*a"))
    from:close()
    to:close()
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  before_each(function()
    gate.reset()
    gate.plugins(folder)
  end)

  it("counts down and refuses", function()
    local quota = gate.plugin("redis-quota", { limit = 2 })
    assert.is_nil(gate.request(quota).status)
    assert.is_nil(gate.request(quota).status)
    assert.equal(429, gate.request(quota).status)
    assert.is_nil(gate.request(quota, { client_id = "other" }).status)
    gate.clock:advance(86400)
    assert.is_nil(gate.request(quota).status)
  end)

  it("passes or refuses when Redis is down", function()
    gate.redis:down()
    assert.is_nil(gate.request(gate.plugin("redis-quota", { limit = 2 })).status)
    assert.equal(503, gate.request(gate.plugin("redis-quota", { limit = 2, on_down = "deny" })).status)
    assert.equal("quota store is down", gate.logged()[1].text)
  end)
end)
