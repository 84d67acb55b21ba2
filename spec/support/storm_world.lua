-- SPDX-License-Identifier: Apache-2.0
-- What the specs of storms have in common: a gateway with two workers before three instances with the weights 5, 3 and 2,
-- under load, and what must hold of all storms. `bad` is the instance with weight 3.

local json = require "spec.support.json"
local loop = require "spec.support.loop"
local storm = require "spec.support.storm"


local WEIGHTS = { 5, 3, 2 }
local TURN = 10 -- the sum of the weights

local M = { per_try = 0.4 * loop.slow }

local World = {}
World.__index = World


local function merge(base, over)
  for key, value in pairs(over or {}) do base[key] = value end
  return base
end


-- options: service (keys of it), expect, and those of storm.load.
function M.start(gate, options)
  options = options or {}
  local dir = gate.dir()
  local self = setmetatable({ instances = {} }, World)
  local list = {}
  for i, weight in ipairs(WEIGHTS) do
    self.instances[i] = gate.keep(storm.instance(dir.path, "i" .. i), storm.Instance.close)
    list[i] = { url = self.instances[i].url, weight = weight }
  end
  self.bad = self.instances[2]
  self.g = gate.proxy(list, {
    workers = 2, expect = options.expect,
    service = merge({
      strategy = "weighted_round_robin",
      retries = { perTry = ("%dms"):format(M.per_try * 1000) },
      breaker = { openFor = ("%dms"):format(500 * loop.slow) },
    }, options.service),
  })
  self.load = storm.load(self.g.address, options)
  gate.keep(self.load, storm.Load.finish)
  return self
end


-- How many lines of the log are about the breaker of `bad` and have the pattern.
function World:count_news(pattern)
  local seen = 0
  for line in self.g:log():gmatch("[^\n]+") do
    if line:find("breaker main " .. self.bad.url, 1, true) and line:find(pattern) then seen = seen + 1 end
  end
  return seen
end


-- Waits for the n-th (first) of them.
function World:wait_news(pattern, n)
  local is_told = pcall(loop.eventually, function() return self:count_news(pattern) >= (n or 1) end, pattern, 20)
  assert(is_told, ("no news %d of %q in:\n%s"):format(n or 1, pattern, self.g:log():sub(-4000)))
end


-- Waits until the instance has answered a request that has begun now or later.
function World:wait_used(instance)
  local from = loop.now()
  loop.eventually(function()
    local r = self.load.records
    for i = #r, 1, -1 do
      if r[i].start < from then return false end
      if r[i].instance == instance.name and r[i].status == 200 then return true end
    end
  end, instance.name .. " to be used again", 20)
end


local function assert_none(records, what)
  assert(#records == 0, ("%d %s:\n%s"):format(#records, what, storm.describe(records)))
end


-- Every idempotent request of which no byte had gone to its client has been answered, by an instance.
function World:assert_lost_nothing()
  assert_none(self.load:which(function(r)
    return storm.is_idempotent(r) and storm.is_lost(r) and not r.came
  end), "idempotent requests were lost")
end


-- No POST has reached instances twice.
function World:assert_posts_once()
  local seen = {}
  for _, instance in ipairs(self.instances) do
    for _, a in ipairs(instance:arrivals()) do
      if a.method == "POST" then
        assert(not seen[a.id], "POST " .. a.id .. " was sent twice")
        seen[a.id] = true
      end
    end
  end
end


-- What the gateway says that instances have in flight, all together.
function World:assert_in_flight(n)
  loop.eventually(function()
    local r, sum = self.g:cli("instances", "--control", self.g.control, "--json"), 0
    assert(r.code == 0, r.err)
    for _, row in ipairs(json.decode(r.out).instances) do sum = sum + row.active end
    return sum == n
  end, n .. " requests in flight", 10)
end


-- The load is over: shares are those of the weights again, to within 1 %.
function World:assert_shares()
  local n, from, turns = 0, loop.now(), 40
  local tasks = {}
  for i = 1, 4 do
    tasks[i] = loop.go("share " .. i, function()
      while n < turns * TURN do
        n = n + 1
        assert(self.g:get("/").status == 200)
      end
    end)
  end
  for i = 1, 4 do tasks[i]:join(30) end
  for i, weight in ipairs(WEIGHTS) do
    local got = self.instances[i]:count(from)
    assert(math.abs(got - weight * turns) <= n / 100,
      ("%s got %d of %d requests, and not %d"):format(self.instances[i].name, got, n, weight * turns))
  end
end


return M
