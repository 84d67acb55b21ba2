-- SPDX-License-Identifier: Apache-2.0
-- services[].concurrency with limit: auto: what the gateway finds out about a service that works on so many requests at once,
-- while the others wait inside.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a limit that is learned", function()
  after_each(gate.cleanup)

  -- Each request takes 40 ms, once it is one of `it.places`.
  local function narrow(places)
    local it = { places = places, busy = 0, served = 0 }
    it.up = gate.upstream { handler = function()
      gate.wait_until(function() return it.busy < it.places end, "a place inside", 60)
      it.busy = it.busy + 1
      gate.pause(0.04)
      it.busy = it.busy - 1
      it.served = it.served + 1
      return 200, "done"
    end }
    return it
  end

  -- n clients that come again as soon as they have an answer, or a little later when they are refused.
  local function crowd(g, n, state)
    for _ = 1, n do
      gate.go("client", function()
        local c = gate.client(g)
        while not state.over do
          if c:get("/").status ~= 200 then gate.pause(0.05) end
        end
        c:close()
        state.left = (state.left or 0) + 1
      end)
    end
  end

  local function load_of(g)
    local r = g:cli("instances", "--control", g.control, "--json")
    return gate.json.decode(r.out).limits[1]
  end

  it("ends near what the service can do at once, and follows when that grows", function()
    local it, state = narrow(4), {}
    local g = gate.proxy(it.up, { workers = 2, service = { concurrency = { limit = "auto", min = 2, initial = 4 } } })
    crowd(g, 40, state)
    gate.eventually(function() return it.served > 600 end, "it to be known", 60)
    local limit = load_of(g).limit
    assert.is_true(limit >= 2 and limit <= 16, "a limit of " .. limit)
    g:wait_log("concurrency main: %d+ of %d+ requests in flight")
    it.places = 100
    gate.eventually(function() return load_of(g).limit >= 20 end, "it to grow", 60)
    state.over = true
    gate.eventually(function() return state.left == 40 end, "the clients to leave", 20)
    gate.eventually(function() return load_of(g).in_flight == 0 end, "no place taken")
    assert.equal(200, g:get("/").status)
  end)
end)
