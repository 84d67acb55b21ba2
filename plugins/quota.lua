-- SPDX-License-Identifier: Apache-2.0
-- Gives each client so much in a day, week or month of the calendar; counted exactly across all workers.
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
        .. "and by do, and must agree on the limit; when that changes, they go on from what was used." },
    entries = t.integer { default = 65536, min = 64, max = 1000000,
      help = "How many clients are told apart in a period. Those who come later share one count." },
    headers = t.boolean { default = true,
      help = "Tell clients where they stand, in `X-Quota-Limit`, `X-Quota-Remaining` and `X-Quota-Reset` (seconds)." },
  },
}

local HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
local MONDAY = 4 * DAY -- 1970-01-05
local limit_of = {} -- by zones that have no name
local SHARED = "all others"
local floor = math.floor


-- Days from 1970-01-01 to the first of a month. Years begin with March, so that leap days come last.
local function days_to_month(year, month)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = floor(year / 4) - floor(year / 100) + floor(year / 400)
  return 365 * year + leaps + floor((153 * (month - 3) + 2) / 5) - 719468
end


-- Begin and end of the month that a moment lies in.
local function month_around(t)
  local year = 1970 + floor(t / (365.2425 * DAY))
  local month = 12 * year -- counted from the year 0, from January
  while days_to_month(floor(month / 12), month % 12 + 1) * DAY > t do month = month - 1 end
  while days_to_month(floor((month + 1) / 12), (month + 1) % 12 + 1) * DAY <= t do month = month + 1 end
  local next_month = month + 1
  return days_to_month(floor(month / 12), month % 12 + 1) * DAY,
         days_to_month(floor(next_month / 12), next_month % 12 + 1) * DAY
end


local function every(length, first)
  return function(t)
    local begin = first + floor((t - first) / length) * length
    return begin, begin + length
  end
end


local around = { hour = every(HOUR, 0), day = every(DAY, 0), week = every(WEEK, MONDAY), month = month_around }


-- The limit is not in it, so that who changes it gives nobody his quota anew. Two limits in one would take from each other.
local function default_zone(conf)
  local zone = ("%s%s:%s"):format(conf.period, conf.offset, conf.by.title)
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
  self.ahead  = (hours * HOUR + minutes * 60) * (sign == "-" and -1 or 1)
  self.key    = conf.by.of
  self.begins, self.ends = 0, 0
  local zone, why = conf.zone, nil
  if not zone then zone, why = default_zone(conf) end
  if not zone then return nil, why end
  self.counters = store.counters(zone, { entries = conf.entries })
  self.shared   = store.counters(zone .. "/" .. SHARED, { entries = 64 })
  limits.init(self, {
    code = "quota_used_up", sentence = "Quota used up",
    metric = "quota_refused_total", help = "Requests over a quota: refused, or let through because it runs dry.",
    dry_run_header = "X-Quota-Dry-Run", what = "a request over the quota",
  })
  if not conf.charge then self.log = false end
end


-- The period that it is now: self.begins is in the keys, since counters of another one may still be there.
local function look_at_the_clock(self)
  local now = time()
  if now < self.begins or now >= self.ends then
    local begins, ends = around[self.conf.period](now + self.ahead)
    self.begins, self.ends = begins - self.ahead, ends - self.ahead
    self.prefix = self.begins .. ":"
  end
  return self.ends - now
end


-- The sum after adding `n`; where there is no room for another client, the sum of all who found none.
local function add(self, key, n, left)
  local sum = self.counters:incr(key, n, left)
  if sum then return sum end
  return self.shared:incr(self.prefix .. SHARED, n, left) or math.huge
end


-- How much is used, and whether the cost fits. What does not fit is not taken.
local function take(self, key, cost, left)
  local limit = self.conf.limit
  if self.conf.charge then
    local used = add(self, key, 0, left)
    return used < limit, used
  end
  local used = add(self, key, cost, left)
  if used <= limit then return true, used end
  return false, add(self, key, -cost, left)
end


local function tell(self, res, used, left)
  local headers, limit = res.headers, self.conf.limit
  headers["X-Quota-Limit"]     = limit
  headers["X-Quota-Remaining"] = used < limit and limit - used or 0
  headers["X-Quota-Reset"]     = math.ceil(left)
end


function quota:request(req, res)
  local conf, who = self.conf, self.key(req)
  if who == nil then return end
  local left = look_at_the_clock(self)
  local key, cost = self.prefix .. who, conf.charge and 1 or conf.cost(req, res) or 1
  local ok, used = take(self, key, cost, left)
  if conf.headers then tell(self, res, used, left) end
  if conf.charge then
    local ctx = req.ctx
    ctx[self] = key
  end
  if ok then return end
  if cost > conf.limit then return limits.beyond(self, req, res) end
  return limits.over(self, req, res, left)
end


-- An answer of ours has cost nothing.
function quota:log(req, res)
  local key = req.ctx[self]
  if not key or res.origin ~= "upstream" then return end
  local cost = self.conf.charge(req, res)
  if cost and cost > 0 then add(self, key, cost, look_at_the_clock(self)) end
end


return quota
