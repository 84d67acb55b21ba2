-- SPDX-License-Identifier: Apache-2.0
-- Gives each client so much in an hour, day, week or month of the calendar; counted exactly across all workers, or in Redis.
local quota = plugin "quota" {
  version = "1.0.0",
  api     = 1,
  schema  = limits.settings {
    limit = t.integer { required = true, min = 1, max = 1000000000000,
      help = "How much a client may have in each period." },
    period = t.oneof { "hour", "day", "week", "month", default = "day",
      help = "The period, as the calendar has it: weeks begin on Monday, months on their first day." },
    offset = t.string { default = "+00:00",
      help = "How far the calendar's clock is ahead of UTC, such as `\"+01:00\"`. It is the same all year: there is "
        .. "no summer time." },
    cost = t.amount { default = 1,
      help = "How much a request takes: a number, a header of the request that you trust, a template, or a "
        .. "function of the request. 1 where that gives no number; 0 takes nothing." },
    charge = t.amount { of = "response",
      help = "What a request has cost is known afterwards: a header of the response, or a function of request and "
        .. "response. Before it nothing is taken, but something must be left." },
    zone = t.string { min = 1, max = 64,
      help = "Name of the counters. Uses with one zone count together. Without it, uses with the same period, offset "
        .. "and by do, and must agree on the limit; when that changes, they go on from what was used. With `redis` and "
        .. "a function in `by` it is required." },
    entries = t.integer { default = 65536, min = 64, max = 1000000,
      help = "How many clients are told apart in a period. Those who come later share one count." },
    redis = t.secret {
      help = "URL of a Redis to count in, so that all gateways with the same `redis` and `zone` count together, and "
        .. "nothing is forgotten when one ends; the handler waits for it. See [limits](../limits.md)." },
    timeout = t.duration { default = "50ms", min = 0.001, max = 60,
      help = "How long a request waits for `redis` at most." },
    on_down = t.oneof { "local", "allow", "deny", default = "local",
      help = "While `redis` does not answer: count in this gateway's memory, on from what Redis has told it last; let "
        .. "all pass; or answer 503." },
    state_header = t.string { default = "X-Quota-State", max = 64,
      help = 'With `redis`: header of the response that tells who has judged: `redis`, or `local`, `allow`, `deny` '
        .. 'without it; `""` = none.' },
    headers = t.boolean { default = true,
      help = "Tell clients where they stand, in `X-Quota-Limit`, `X-Quota-Remaining` and `X-Quota-Reset` (seconds)." },
  },
  check = function(conf) return limits.check_redis(conf) end,
}

local limit_of = {} -- by zones that have no name
local SHARED = "all others"
local AGAIN = 1 -- seconds until we look again for a Redis that is away
local NEARLY = 1800 -- seconds: the end of our period and of Redis' are the same, but for the clocks

-- The calendar: begin and end of the period that a moment lies in. A text, because Redis has to know it as well.
local AROUND = [[
local HOUR, DAY = 3600, 86400
local LENGTHS, FIRST = { hour = HOUR, day = DAY, week = 7 * DAY }, { week = 4 * DAY } -- 1970-01-05 was a Monday


-- The first of a month, which is counted from the year 0. Years begin with March, so that leap days come last.
local function month_begins(months)
  local year, month = math.floor((months - 2) / 12), (months - 2) % 12
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return (365 * year + leaps + math.floor((153 * month + 2) / 5) - 719468) * DAY
end


local function around(period, now)
  local length, first = LENGTHS[period], FIRST[period] or 0
  if length then
    local begins = first + math.floor((now - first) / length) * length
    return begins, begins + length
  end
  local month = 12 * (1970 + math.floor(now / (365.2425 * DAY)))
  while month_begins(month) > now do month = month - 1 end
  while month_begins(month + 1) <= now do month = month + 1 end
  return month_begins(month), month_begins(month + 1)
end
]]
local around = load(AROUND .. "return around", "=quota's calendar")()

-- KEYS   the client's, behind which comes the period, so that a new one is a new key; in a cluster both live together
-- ARGV   the period; how far the calendar is ahead of UTC, in seconds; the limit; the cost; how it is asked: "take", "look",
--        which takes nothing, or "charge", which takes it in any case
-- gives  1: it fits, 0: it does not; what is used now; microseconds until the period ends
local SCRIPT = AROUND .. [[
local MARGIN = 60 -- seconds that a key outlives its period: a replica with another clock may become the master
local period, ahead, limit, cost = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call("TIME")
local now = clock[1] + clock[2] / 1e6
local begins, ends = around(period, now + ahead)
local key = ("%s:%s:%.0f"):format(KEYS[1], period, begins - ahead)

local value = redis.pcall("GET", key)
local used = type(value) == "string" and value:match("^%d+$") and tonumber(value)
if value and not used then redis.call("DEL", key) end -- not ours
used = used or 0
local fits = ARGV[5] == "charge" or used + cost <= limit
if fits and cost > 0 and ARGV[5] ~= "look" then
  used = redis.call("INCRBY", key, ARGV[4])
  if redis.call("TTL", key) < 0 then redis.call("EXPIREAT", key, ("%.0f"):format(ends - ahead + MARGIN)) end
end
return { fits and 1 or 0, used, math.ceil((ends - ahead - now) * 1e6) }
]]


-- The limit is not in it, so that who changes it gives nobody his quota anew. Two limits in one would take from each other. It is
-- the same in all gateways, and in each key of Redis.
local function default_zone(conf)
  local zone = ("%s%s,%s"):format(conf.period, conf.offset:gsub(":", ""), conf.by.title)
  local known = limit_of[zone] or conf.limit
  limit_of[zone] = known
  if known == conf.limit then return zone end
  return nil, ("zone: required: another quota of a%s %s by the same has the limit %d, and they would count together")
    :format(conf.period == "hour" and "n" or "", conf.period, known)
end


function quota:init()
  local conf = self.conf
  local sign, hours, minutes = conf.offset:match("^([+-])(%d%d):([0-5]%d)$")
  if not sign or tonumber(hours) > 14 then
    return nil, ('offset: expected an offset from UTC such as "+01:00", got "%s"'):format(conf.offset)
  end
  self.ahead  = (hours * 3600 + minutes * 60) * (sign == "-" and -1 or 1)
  self.key    = conf.by.of
  self.begins, self.ends = 0, 0
  local zone, why = conf.zone, nil
  if not zone then zone, why = default_zone(conf) end
  if not zone then return nil, why end
  self.counters = store.counters(zone, { entries = conf.entries })
  self.others   = store.counters(zone .. "/" .. SHARED, { entries = 64 })
  if conf.redis then
    self.redis = limits.in_redis(self, zone, store.dict(zone .. "/redis", { size = "16k" }))
    self.judged = metrics.counter("quota_judged_total",
      "Requests that a quota with Redis has judged, by who did: Redis, or what holds without it.", { "route", "by" })
    self.state_header = conf.state_header ~= "" and conf.state_header
  end
  limits.init(self, {
    code = "quota_used_up", sentence = "Quota used up",
    metric = "quota_refused_total", help = "Requests over a quota: refused, or let through because it runs dry.",
    dry_run_header = "X-Quota-Dry-Run", what = "a request over the quota",
  })
  if not conf.charge then self.log = false end
end


-- ---- counting here ----

-- The period that it is now: its begin is in the keys, since counters of another one may still be there.
local function look_at_the_clock(self)
  local now = time()
  if now < self.begins or now >= self.ends then
    local begins, ends = around(self.conf.period, now + self.ahead)
    self.begins, self.ends = begins - self.ahead, ends - self.ahead
    self.prefix = ("%s:%.0f:"):format(self.conf.period, self.begins)
  end
  return self.ends - now
end


-- The sum after adding `n`; where there is no room for another client, the sum of all who found none.
local function add(self, who, n, left)
  local sum = self.counters:incr(self.prefix .. who, n, left)
  if sum then return sum end
  return self.others:incr(self.prefix .. SHARED, n, left) or math.huge
end


-- Whether the cost fits, how much is used, and the seconds that are left. What does not fit is not taken.
local function count_here(self, who, cost, how)
  local limit, left = self.conf.limit, look_at_the_clock(self)
  if how == "look" then
    local used = add(self, who, 0, left)
    return used < limit, used, left
  end
  local used = add(self, who, cost, left)
  if how == "charge" or used <= limit then return true, used, left end
  return false, add(self, who, -cost, left), left
end


-- From what Redis has said we go on when it is gone. Of several workers at once each may add the difference, so it is a little
-- more then: as much as they had under way.
local function remember(self, who, used, left)
  local here = look_at_the_clock(self)
  if math.abs(left - here) > NEARLY then return end
  local key = self.prefix .. who
  local behind = used - (self.counters:get(key) or 0)
  if behind > 0 then self.counters:incr(key, behind, here) end
end


-- ---- counting, wherever it is ----

-- Also who has judged; nil: nobody but us is there.
local function count(self, who, cost, how)
  local shared, conf = self.redis, self.conf
  if not shared then return count_here(self, who, cost, how) end
  local answer = shared:ask(SCRIPT, shared:key(who), { conf.period, self.ahead, conf.limit, cost, how }, 3)
  if answer then
    local used, left = answer[2], answer[3] / 1e6
    if conf.on_down == "local" then remember(self, who, used, left) end
    return answer[1] == 1, used, left, "redis"
  end
  if conf.on_down ~= "local" then return conf.on_down == "allow", nil, AGAIN, conf.on_down end
  local ok, used, left = count_here(self, who, cost, how)
  return ok, used, left, "local"
end


local function tell(self, res, used, left)
  local headers, limit = res.headers, self.conf.limit
  headers["X-Quota-Limit"]     = limit
  headers["X-Quota-Remaining"] = used < limit and limit - used or 0
  headers["X-Quota-Reset"]     = math.ceil(left)
end


local function tell_who(self, req, res, by)
  self.judged:inc(req.route, by)
  if self.state_header then res.headers[self.state_header] = by end
end


function quota:request(req, res)
  local conf, who = self.conf, self.key(req)
  if who == nil then return end
  local cost = conf.charge and 1 or conf.cost(req, res) or 1
  local ok, used, left, by = count(self, who, cost, conf.charge and "look" or "take")
  if by then tell_who(self, req, res, by) end
  if conf.headers and used then tell(self, res, used, left) end
  if conf.charge then
    local ctx = req.ctx
    ctx[self] = who
  end
  if ok then return end
  if by == "deny" and not conf.dry_run then return limits.unknown(self, req, left) end
  if used and cost > conf.limit then return limits.beyond(self, req, res) end
  return limits.over(self, req, res, left)
end


-- It counts in the period in which the response ends. An answer of ours has cost nothing.
function quota:log(req, res)
  local who = req.ctx[self]
  if not who or res.origin ~= "upstream" then return end
  local cost = self.conf.charge(req, res)
  if cost and cost > 0 then count(self, who, cost, "charge") end
end


return quota
