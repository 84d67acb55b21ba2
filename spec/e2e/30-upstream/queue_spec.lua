-- SPDX-License-Identifier: Apache-2.0
-- maxConnections, and the requests that wait until an instance is not full.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an instance with maxConnections", function()
  after_each(gate.cleanup)

  -- An upstream that answers when it is told to, and knows how many requests it has at once.
  local function slow()
    local it = { now = 0, most = 0, may = 0, answered = 0 }
    it.up = gate.upstream { handler = function(request)
      it.now = it.now + 1
      it.most = math.max(it.most, it.now)
      gate.wait_until(function() return it.may > it.answered end, "leave to answer", 20)
      it.answered = it.answered + 1
      it.now = it.now - 1
      return 200, request.target
    end }
    return it
  end

  local function start(it, service, options)
    options = options or {}
    options.service = service
    return gate.proxy({ { url = it.up, maxConnections = 2 } }, options)
  end

  -- n requests at once; statuses gathers what comes of them.
  local function ask(g, n, seen)
    for i = 1, n do
      gate.go("client", function()
        local r = gate.client(g):get("/" .. i)
        seen[r.status] = (seen[r.status] or 0) + 1
        seen.last = r
      end)
    end
  end

  it("has never more, over all workers, and the others wait", function()
    local it, seen = slow(), {}
    local g = start(it, { queue = { timeout = "20s" } }, { workers = 2 })
    ask(g, 12, seen)
    for i = 1, 12 do
      gate.eventually(function() return it.now == math.min(2, 12 - it.answered) end, "two at work")
      it.may = i
      gate.eventually(function() return it.answered >= i end, "answer " .. i)
    end
    gate.eventually(function() return seen[200] == 12 end, "all answers")
    assert.equal(2, it.most)
  end)

  it("keeps nobody waiting for longer than the timeout", function()
    local it, seen = slow(), {}
    local g = start(it, { queue = { timeout = "200ms" } })
    ask(g, 5, seen)
    gate.eventually(function() return seen[503] == 3 end, "those that waited in vain")
    assert.equal("no_capacity", seen.last.headers["X-Lunette-Reason"])
    assert.equal("1", seen.last.headers["Retry-After"])
    it.may = 100
    gate.eventually(function() return seen[200] == 2 end, "the others")
    assert.equal(200, g:get("/").status)
  end)

  it("bounds the queue", function()
    local it, seen = slow(), {}
    local g = start(it, { queue = { max = 1, timeout = "20s" } })
    ask(g, 6, seen)
    gate.eventually(function() return seen[503] == 3 end, "those for whom there is no room")
    it.may = 100
    gate.eventually(function() return seen[200] == 3 end, "the others")
  end)

  it("gives its places back when a worker is killed", function()
    local it, seen = slow(), {}
    local g = start(it, { queue = { timeout = "20s" } }, { workers = 1, expect = { "worker" } })
    for _ = 1, 2 do gate.client(g):send(gate.http.request("GET", "/")) end
    gate.eventually(function() return it.now == 2 end, "two at work")
    local dead = g:kill_worker(1)
    g:wait_workers(1, { dead })
    it.may = 100
    ask(g, 3, seen)
    gate.eventually(function() return seen[200] == 3 end, "the answers of the next worker")
  end)
end)
