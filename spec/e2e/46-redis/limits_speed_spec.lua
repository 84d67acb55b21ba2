-- SPDX-License-Identifier: Apache-2.0
-- Two gateways with two workers each, as fast as they can, on one Redis: what it has granted, by its own clock (MONITOR),
-- never breaks the rule, clients have got exactly that, and it is what the rule allows.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local SECONDS, CLIENTS, AT_ONCE = 2.5, 8, 25
local PER = 0.5


-- Times of all questions, and of all grants, as Redis has seen them.
local function watch(redis)
  local w = { asked = {}, granted = {} }
  w.socket = redis:command_aside("MONITOR")
  w.task = gate.go("monitor", function()
    while true do
      local line = w.socket:read_until("\r\n", nil, 3600)
      if not line then break end
      w.is_on = true
      local at, from, command, rest = line:match('^%+(%d+%.%d+) %[0 (%S+)%] "(%u+)"(.*)')
      if command == "EVALSHA" and rest:find("rate_limit:{gateway:127", 1, true) then
        table.insert(w.asked, tonumber(at))
      elseif from == "lua" and rest:find("rate_limit:{gateway:127", 1, true) and not rest:find("PEXPIRE")
        and (command == "ZADD" or command == "SET" or command == "INCRBY") then
        local exact = command == "ZADD" and rest:match('" "(%d+)" "') or rest:match("(%d+)\" \"PX") -- microseconds
        table.insert(w.granted, { at = exact and #exact == 16 and tonumber(exact) / 1e6 or tonumber(at), by = command })
      elseif command == "ECHO" then
        w.is_over = true
      end
    end
  end)
  gate.eventually(function() return w.is_on end, "MONITOR")
  return w
end


-- Everybody asks for everything; how often each status came, and who judged.
local function rush(gateways)
  local seen, tasks, till = { judges = {} }, {}, gate.now() + SECONDS
  for i = 1, CLIENTS do
    tasks[i] = gate.go("client " .. i, function()
      local c = gate.client(gateways[i % #gateways + 1])
      while gate.now() < till do
        c:send(gate.http.request("GET", "/"):rep(AT_ONCE))
        for _ = 1, AT_ONCE do
          local r = c:read()
          local judge = r.headers["X-RateLimit-State"]
          seen[r.status] = (seen[r.status] or 0) + 1
          seen.judges[judge] = (seen.judges[judge] or 0) + 1
        end
      end
    end)
  end
  for _, task in ipairs(tasks) do task:join(60) end
  return seen
end


-- How many of the questions a limit grants that is asked whenever Redis was: the rule, played once more.
local play = {
  sliding_log = function(asked, limit)
    local kept = {}
    for _, at in ipairs(asked) do
      if #kept < limit or at - kept[#kept - limit + 1] >= PER then kept[#kept + 1] = at end
    end
    return #kept
  end,
  fixed_window = function(asked, limit) -- a key expires at a whole millisecond, counted from that of its window's begin
    local n, used, till = 0, 0, 0
    for _, at in ipairs(asked) do
      local ms = math.floor(math.floor(at * 1e6 + 0.5) / 1000)
      if ms >= till then used, till = 0, ms + PER * 1000 end
      if used < limit then n, used = n + 1, used + 1 end
    end
    return n
  end,
  gcra = function(asked, limit)
    local n, tokens, last = 0, limit, asked[1]
    for _, at in ipairs(asked) do
      tokens, last = math.min(limit, tokens + (at - last) * limit / PER), at
      if tokens >= 1 then n, tokens = n + 1, tokens - 1 end
    end
    return n
  end,
  sliding_window = function(asked, limit)
    local n, number, before, current = 0, 0, 0, 0
    for _, at in ipairs(asked) do
      local is = math.floor(at / PER)
      if is ~= number then number, before, current = is, is == number + 1 and current or 0, 0 end
      if before * (1 - at / PER % 1) + current + 1 <= limit then n, current = n + 1, current + 1 end
    end
    return n
  end,
}

-- What no grants may do, whatever was asked.
local holds = {
  sliding_log = function(granted, limit)
    for i = limit + 1, #granted do
      assert(granted[i].at - granted[i - limit].at >= PER - 1e-6, "more than the limit within a window")
    end
  end,
  fixed_window = function(granted, limit)
    local used, since = 0, -math.huge
    for _, g in ipairs(granted) do
      if g.by == "SET" then
        assert(g.at - since >= PER - 0.0015, "a window that is too short") -- windows are of milliseconds
        used, since = 0, g.at
      end
      used = used + 1
      assert(used <= limit, "more than the limit in a window")
    end
  end,
  gcra = function(granted, limit)
    local level, last = 0, granted[1].at
    for _, g in ipairs(granted) do
      level, last = math.max(0, level - (g.at - last) * limit / PER) + 1, g.at
      assert(level <= limit + 0.001, "more than the bucket holds")
    end
  end,
  sliding_window = function(granted, limit)
    for i = 2 * limit + 1, #granted do
      assert(granted[i].at - granted[i - 2 * limit].at >= PER, "more than twice the limit within a window")
    end
  end,
}


describe("at full speed, two gateways on one Redis", function()
  after_each(gate.cleanup)

  for _, algorithm in ipairs { "sliding_log", "gcra", "fixed_window", "sliding_window" } do
    it("grant what the rule allows and not one more: " .. algorithm, function()
      local redis, up = gate.redis(), gate.upstream()
      local limit = math.floor(100 / gate.slow) -- far less than can be asked for
      local conf = { limit = limit, burstSize = limit, window = "500ms", algorithm = algorithm }
      conf.redisURL, conf.timeout = redis.url, "10s"
      local gateways = {}
      for i = 1, 2 do gateways[i] = gate.proxy(up, { rateLimit = conf, workers = 2 }) end
      for _, g in ipairs(gateways) do g:get("/") end
      redis:command("FLUSHALL")
      local w = watch(redis)
      local seen = rush(gateways)
      redis:command("ECHO", "over")
      gate.eventually(function() return w.is_over end, "the end of what Redis tells")
      w.socket:close()

      local allowed = play[algorithm](w.asked, limit)
      assert.equal(seen[200], #w.granted)
      assert.equal(seen[200] + seen[429], #w.asked)
      assert.same({ redis = #w.asked }, seen.judges)
      holds[algorithm](w.granted, limit)
      -- Less one: MONITOR's times are microseconds later than those by which a script judges, so that a question at a border
      -- may be on its other side.
      assert.is_true(#w.granted >= 0.999 * allowed - 1, ("%d of %d"):format(#w.granted, allowed))
      assert.is_true(#w.asked > 3 * #w.granted, "it was not asked enough to mean anything")
      if os.getenv("TABLE") then
        io.stderr:write(("%s: %d asked, %d granted, %d allowed\n"):format(algorithm, #w.asked, #w.granted, allowed))
      end
    end)
  end
end)
