-- SPDX-License-Identifier: Apache-2.0
-- Instances of a name that come and go all the time, under traffic.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local NAME, MEMBERS, ALL, CHANGES = "users.test", 3, 8, 100


describe("a name under discover", function()
  after_each(gate.cleanup)

  it("costs no request, whoever comes and goes meanwhile", function()
    local ns, ups = gate.nameserver(), gate.neighbours(ALL)
    math.randomseed(7)
    local function say()
      local a, seen = {}, {}
      while #a < MEMBERS do
        local n = math.random(ALL)
        if not seen[n] then a[#a + 1] = "127.0.0." .. n end
        seen[n] = true
      end
      ns:set(NAME, { a = a })
    end
    say()
    local g = gate.proxy({
      { url = ("http://%s:%d"):format(NAME, ups[1].port), discover = "addresses", discoverMax = MEMBERS },
    }, { workers = 2, gateway = { resolver = { servers = { ns.address }, minTtl = "10ms", maxTtl = "10ms" } } })
    g:wait_log("3 joined: ", 20)

    local over, statuses, clients = false, {}, {}
    for i = 1, 6 do
      clients[i] = gate.go("client " .. i, function()
        while not over do
          local r = i % 2 == 0 and g:get("/") or g:post("/", "not to be repeated")
          statuses[r.status] = (statuses[r.status] or 0) + 1
        end
      end)
    end
    for _ = 1, CHANGES do
      say()
      ns:wait_asked(NAME, 4) -- both families, and both again: the first question may have been under way
    end
    over = true
    for _, client in ipairs(clients) do client:join() end
    assert.same({ [200] = statuses[200] }, statuses)
    assert.is_true(statuses[200] > CHANGES)
    local _, changes = g:log():gsub(" joined: ", "")
    assert.is_true(changes > CHANGES / 2, changes)
  end)
end)
