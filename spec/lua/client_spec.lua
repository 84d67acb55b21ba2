-- SPDX-License-Identifier: Apache-2.0
-- req.client: who it is, and who it was proved to be.

local gate = require "lunette.spec"

local CONSUMERS = {
  { name = "alice", groups = { "staff" }, limits = { rate = "10/30s", burst = 5 },
    metadata = { plan = "gold", seats = 7 } },
  { name = "bob", limits = { burst = 3 } },
  { name = "carol" },
}


describe("req.client", function()
  before_each(function()
    gate.reset()
    gate.consumers(CONSUMERS)
  end)

  -- What a handler raises, or gives.
  local function inside(f)
    local result
    local out = gate.request(function(req)
      result = { pcall(f, req.client, req) }
      return 200
    end)
    assert.equal(200, out.status)
    return unpack(result, 1, 4)
  end

  local function raises(sentence, f)
    local ok, why = inside(f)
    assert.is_false(ok)
    assert.truthy(tostring(why):find(sentence, 1, true), why)
  end

  it("is nobody at first", function()
    assert.truthy(inside(function(client)
      assert.is_nil(client.consumer)
      assert.is_nil(client.authenticated)
      assert.is_nil(client.limits)
      assert.same({}, client.groups)
      assert.same({}, client.metadata)
      assert.is_false(client:in_group("staff"))
      assert.equal("10.0.0.1", client.key)
    end))
  end)

  it("is a consumer once that was proved", function()
    assert.truthy(inside(function(client)
      assert.is_true(client:authenticate { method = "test", consumer = "alice" })
      assert.equal("alice", client.consumer)
      assert.equal("alice", client.id)
      assert.equal("consumer:alice", client.key)
      assert.equal("test", client.authenticated)
      assert.same({ "staff" }, client.groups)
      assert.is_true(client:in_group("staff"))
      assert.is_false(client:in_group("staf"))
      assert.same({ rate = { count = 10, per = 30 }, burst = 5 }, client.limits)
      assert.same({ plan = "gold", seats = "7" }, client.metadata)
    end))
  end)

  it("has the limits that were written", function()
    assert.truthy(inside(function(client)
      client:authenticate { method = "test", consumer = "bob" }
      assert.same({ burst = 3 }, client.limits)
      client:authenticate { method = "test", consumer = "carol" }
      assert.is_nil(client.limits)
      assert.same({}, client.groups)
    end))
  end)

  it("is somebody else than a consumer of the same name", function()
    assert.truthy(inside(function(client)
      assert.is_true(client:authenticate { method = "jwt", id = "alice", groups = { "a", "b,c" } })
      assert.is_nil(client.consumer)
      assert.equal("jwt:alice", client.key)
      assert.same({ "a", "b,c" }, client.groups)
      assert.is_nil(client.limits)
    end))
  end)

  it("borrows without being somebody", function()
    assert.truthy(inside(function(client)
      assert.is_true(client:borrow("alice"))
      assert.equal("alice", client.consumer)
      assert.is_nil(client.authenticated)
      assert.equal("10.0.0.1", client.key)
    end))
  end)

  it("cannot be a consumer that there is not", function()
    local _, ok, why = inside(function(client) return client:authenticate { method = "test", consumer = "dave" } end)
    assert.is_nil(ok)
    assert.equal('there is no consumer "dave"', why)
    _, ok, why = inside(function(client) return client:borrow("dave") end)
    assert.is_nil(ok)
    assert.equal('there is no consumer "dave"', why)
  end)

  it("says what is wrong with a proof", function()
    raises("client:authenticate: expected a table, got", function(client) client:authenticate("alice") end)
    raises("client:authenticate: method: expected a text, got", function(client)
      client:authenticate { consumer = "alice" }
    end)
    raises("client:authenticate: id: expected a text, got", function(client) client:authenticate { method = "x" } end)
    raises("client:authenticate: consumer: expected a text", function(client)
      client:authenticate { method = "x", consumer = 1 }
    end)
    raises("client:authenticate: groups[2]: expected a name", function(client)
      client:authenticate { method = "x", id = "a", groups = { "g", 7 } }
    end)
    raises("client:authenticate: claims: expected a table", function(client)
      client:authenticate { method = "x", id = "a", claims = "sub" }
    end)
    raises("client:in_group: expected a name", function(client) client:in_group(nil) end)
  end)

  it("is proved before there is an answer", function()
    local out = gate.request(function() return 200 end)
    local ok, why = pcall(function() out.req.client:authenticate { method = "x", id = "a" } end)
    assert.is_false(ok)
    assert.truthy(tostring(why):find("client:authenticate", 1, true), why)
    assert.equal("10.0.0.1", out.req.client.key)
  end)

  it("is found by consumers.by_key and has", function()
    local consumers = require "lunette.consumers"
    gate.consumers { { name = "alice", keys = "alice-key-1" } }
    assert.equal("alice", consumers.by_key("alice-key-1"))
    assert.is_nil(consumers.by_key("alice-key-2"))
    assert.is_true(consumers.has("alice"))
    assert.is_false(consumers.has("bob"))
    local ok, why = pcall(consumers.by_key, { "secret-key" })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("consumers.by_key: expected a text, got a table", 1, true))
  end)

  it("is told of the limits of all consumers that have some", function()
    local consumers = require "lunette.consumers"
    gate.consumers {
      { name = "alice", keys = "alice-key-1", limits = { rate = "5/m" } }, { name = "bob", keys = "bob-key-123" },
      { name = "carl", keys = "carl-key-12", limits = { rate = "2/h", burst = 3 } },
      { name = "dora", keys = "dora-key-12", limits = { burst = 4 } },
    }
    local seen = {}
    for name, limits in consumers.limits() do seen[name] = limits end
    assert.same({ alice = { rate = { count = 5, per = 60 } }, carl = { rate = { count = 2, per = 3600 }, burst = 3 },
      dora = { burst = 4 } }, seen)
    gate.reset()
    assert.is_nil(consumers.limits()())
  end)

  it("has no consumers that contradict each other", function()
    local both = { { name = "a", keys = "the-same-key" }, { name = "b", keys = "the-same-key" } }
    local ok, why = pcall(gate.consumers, both)
    assert.is_false(ok)
    assert.truthy(why:find('a key of "b" is one of "a" too', 1, true), why)
    assert.falsy(why:find("the-same-key", 1, true))
    gate.reset()
    gate.consumers(CONSUMERS)
  end)
end)
