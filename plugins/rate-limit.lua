-- SPDX-License-Identifier: Apache-2.0
-- Limits how often a client may come; counted exactly across all workers, answered with 429 when over the rate.
local limit = plugin "rate-limit" {
  version = "1.0.0",
  api     = 1,
  schema  = limits.settings {
    rate = t.rate {
      help = 'How many requests may pass in the long run: `"100/s"`, `"5000/h"`, `"10/30s"`.' },
    limits = t.list { t.rate(), min = 1, max = 8,
      help = 'Instead of `rate`, several at once: `{ "10/s", "500/m", "10000/d" }`. All must let a request pass, '
        .. "and none counts it when one does not. Clients are told of the tightest." },
    algorithm = t.oneof { "gcra", "sliding_window", "sliding_log", "fixed_window", default = "gcra",
      help = "How it is counted: see [limits](../limits.md). `gcra` is a bucket, the others let the whole count "
        .. "pass at once." },
    burst = t.integer { min = 1, max = 1000000,
      help = "How many requests may come at once before the rate is asked, with `gcra`: 10, or the count of each "
        .. "of `limits`." },
    cost = t.amount { default = 1,
      help = "How much a request takes: a number, a header of the request that you trust, a template, or a "
        .. "function of the request. 1 where that gives no number; 0 takes nothing." },
    charge = t.amount { of = "response",
      help = "What a request has cost is known afterwards: a header of the response, or a function of request and "
        .. "response that is asked at the end, such as for tokens of a model. Before it nothing is taken, but "
        .. "something must be left; what was not there is owed." },
    limit = t.any {
      help = 'Other rates for some, in place of `rate` or of all `limits`. `"consumer"`: what `limits` of the '
        .. "client's consumer say, if it has any; with `gcra` a burst alone goes with `rate`. Or a function of the "
        .. 'request (Lua only) that gives another rate for it: `"1000/m"`, or a number of requests in the time of '
        .. "`rate`; nil: none; 0: nobody passes. Each is counted by itself. Windows and logs take no longer rate of a "
        .. "function, and logs no larger one, than `rate` or the first of `limits`." },
    zone = t.string { min = 1, max = 64,
      help = "Name of the counters. Uses with one zone count together, and must agree on rate and burst. Without "
        .. "it, uses with the same rate, burst, algorithm and by count together, and a changed rate begins anew. "
        .. "With `redis` and a function in `by` it is required." },
    entries = t.integer { min = 64, max = 67108864,
      help = "How many clients are told apart in this gateway's memory, with 32 bytes for each and, with "
        .. "`sliding_log`, 16 more for each of the count: 65536, or as many as 64 MiB hold of a log. Those for whom "
        .. "there is no room share a count. Uses with one zone must agree." },
    redis = t.secret {
      help = "URL of a Redis to count in, so that all gateways with the same `redis`, `zone` and settings count "
        .. "together; the handler waits for it. See [limits](../limits.md)." },
    timeout = t.duration { default = "50ms", min = 0.001, max = 60,
      help = "How long a request waits for `redis` at most." },
    on_down = t.oneof { "local", "allow", "deny", default = "local",
      help = "While `redis` does not answer: count in this gateway's memory, by its share; let all pass; or answer "
        .. "503." },
    lease = t.integer { default = 0, min = 0, max = 1000000,
      help = "With `redis`: how many requests of a client are asked for at once, to be let through without asking." },
    state_header = t.string { default = "X-RateLimit-State", max = 64,
      help = 'With `redis`: header of the response that tells who has judged: `redis`, `leased`, or `local`, `allow`, '
        .. '`deny` without it; `""` = none.' },
    headers = t.boolean { default = true,
      help = "Tell clients where they stand, in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`." },
    style = t.oneof { "fields", "draft", "both", default = "fields",
      help = "How they are told: in these three, or as newer drafts of the IETF have it, in `RateLimit` and "
        .. "`RateLimit-Policy`." },
  },
  check = function(conf)
    if conf.rate and conf.limits then return nil, "limits: expected rate or limits, not both" end
    if not (conf.rate or conf.limits) then
      return nil, 'rate: required: expected a rate such as "100/s" or "5000/h"'
    end
    if conf.burst and conf.algorithm ~= "gcra" then return nil, "burst: only gcra has one" end
    if conf.burst and conf.limits then
      return nil, "burst: expected none beside limits, which let their counts pass at once"
    end
    if conf.limit ~= nil and conf.limit ~= "consumer" and type(conf.limit) ~= "function" then
      return nil, 'limit: expected "consumer" or a function, got a ' .. type(conf.limit)
    end
    return limits.check_redis(conf)
  end,
}

local BURST, RATES_MAX = 10, 1000
local ROUNDED = 1e-5 -- seconds that ways to count may have added: an answer takes longer to come to its client
local TOLD = {} -- in req.ctx: what a client has been told of the tightest use so far
local uses = 0
local SECONDS = { s = 1, m = 60, h = 3600, d = 86400 }


local function written(rate)
  local unit
  for name, seconds in pairs(SECONDS) do unit = rate.per == seconds and name or unit end
  return ("%d/%s"):format(rate.count, unit or rate.per .. "s")
end


-- Uses that count the same way count together: short, because it is in each key of Redis, and the same in all gateways.
local function default_zone(conf, rates)
  local parts = {}
  for i, rate in ipairs(rates) do parts[i] = written(rate) end
  if conf.burst and conf.burst ~= BURST then parts[#parts + 1] = "burst=" .. conf.burst end
  if conf.algorithm ~= "gcra" then parts[#parts + 1] = conf.algorithm end
  parts[#parts + 1] = conf.by.title
  return table.concat(parts, ",")
end


-- The words of the draft: the name of a policy, and the policy.
local function policy_of(rate)
  local name = ('"%d/%ds"'):format(rate.count, rate.per)
  return name, ("%s;q=%d;w=%d"):format(name, rate.count, rate.per)
end


-- What clients are told of each rate: as a limit, and as a policy.
local function describe(self, rates)
  local policies = {}
  self.most, self.names, self.least = {}, {}, math.huge
  for i, rate in ipairs(rates) do
    local most = self.burst or rate.count
    self.most[i], self.least = most, math.min(self.least, most)
    self.names[i], policies[i] = policy_of(rate)
  end
  self.policy = table.concat(policies, ", ")
end


-- Windows and logs take no longer rate than they were opened for: those of consumers count in a zone for the longest of them.
local function open_for_consumers(self, zone, options)
  local count, per, whose = 0, 0, nil
  for name, own in consumers.limits() do
    local rate = own.rate
    if rate then
      if rate.count > count then count, whose = rate.count, name end
      per = math.max(per, rate.per)
    end
  end
  if not whose then return true end
  local ok, opened = pcall(store.limiter, zone .. "/consumers", { count = count, per = per }, nil, options)
  if not ok then
    return nil, ('limit: consumer "%s" may have %d: %s'):format(whose, count, (opened:gsub("^%S+:%d+: ", "")))
  end
  self.of_consumers = opened
  return true
end


function limit:init()
  local conf = self.conf
  local rates = conf.limits or { conf.rate }
  uses = uses + 1
  if conf.algorithm == "gcra" and conf.rate then self.burst = conf.burst or BURST end
  self.key    = conf.charge and conf.by.of or conf.by.key -- at the end it is asked for as it was
  local options = { algorithm = conf.algorithm, entries = conf.entries }
  if conf.redis then
    options.redis, options.timeout, options.on_down, options.lease = conf.redis, conf.timeout, conf.on_down, conf.lease
    self.state_header = conf.state_header ~= "" and conf.state_header
  end
  local zone = conf.zone or default_zone(conf, rates)
  self.bucket = store.limiter(zone, rates, self.burst, options)
  if conf.limit == "consumer" and conf.algorithm ~= "gcra" then
    local ok, why = open_for_consumers(self, zone, options)
    if not ok then return nil, why end
  end
  self.fields = conf.headers and conf.style ~= "draft"
  self.draft  = conf.headers and conf.style ~= "fields"
  self.known, self.known_count = {}, 0
  describe(self, rates)
  if not conf.charge then self.log = false end
  limits.init(self, {
    code = "rate_limited", sentence = "Rate limit exceeded",
    metric = "rate_limit_refused_total",
    help = "Requests over a limit of the plugin rate-limit: refused, or let through because it runs dry.",
    dry_run_header = "X-RateLimit-Dry-Run", what = "a request over the rate",
  })
end


local function remember(self, said, rate)
  if self.known_count == RATES_MAX then self.known, self.known_count = {}, 0 end
  self.known[said], self.known_count = rate, self.known_count + 1
  return rate
end


-- A count below 1 lets nobody pass.
local function rate_of(count, per, burst)
  if not (count >= 0 and count <= 1e9 and per > 0) then return nil end
  count = math.floor(count)
  local rate = { count = count, per = per, burst = count > 0 and burst or nil }
  rate.name, rate.policy = policy_of(rate)
  return rate
end


-- What a function says in place of the rate. Texts and numbers come again and again, so what they mean is remembered.
local function to_rate(self, said)
  local rate
  local of_use = self.conf.rate
  if type(said) == "number" then
    rate = of_use and rate_of(said, of_use.per, self.burst)
  elseif type(said) == "string" then
    local count, periods, unit = said:match("^(%d+)/(%d*)([smhd])$")
    rate = unit and rate_of(tonumber(count), (tonumber(periods) or 1) * SECONDS[unit], self.burst)
  end
  if not rate then
    local number = of_use and " or a number" or ""
    error(('limit: expected a rate such as "100/s"%s, got %s'):format(number, tostring(said)))
  end
  return remember(self, said, rate)
end


-- What `limits` of a consumer say, by its name; a burst alone goes with the rate of the use, where that has one.
local function of_consumer(self, client)
  local name = client.consumer
  if not name then return nil end
  local rate = self.known[name]
  if rate == nil then
    local own = client.limits
    local burst = own and self.conf.algorithm == "gcra" and own.burst
    local said = own and own.rate or burst and self.conf.rate
    rate = remember(self, name, said and rate_of(said.count, said.per, burst or self.burst) or false)
  end
  return rate or nil
end


-- What some have in place of the rate; nil: the rate.
local function other_rate(self, req)
  if self.conf.limit == "consumer" then return of_consumer(self, req.client) end
  local said = self.conf.limit(req)
  if said == nil then return nil end
  return self.known[said] or to_rate(self, said)
end


local function tell(self, res, rate, left, reset, which)
  reset = math.ceil(math.max(0, reset - ROUNDED))
  if self.fields then limits.tell(res, rate and (rate.burst or rate.count) or self.most[which], left, reset) end
  if self.draft then
    local headers = res.headers
    headers["RateLimit"]        = (rate and rate.name or self.names[which]) .. ";r=" .. left .. ";t=" .. reset
    headers["RateLimit-Policy"] = rate and rate.policy or self.policy
  end
end


-- Takes the cost; before the cost is known, asks only whether anything is left.
local function take(self, key, req, cost, rate)
  if rate and rate.count == 0 then return false, 0, nil, 0, 1 end
  local bucket = rate and self.of_consumers or self.bucket
  if not self.conf.charge then return bucket:take(key, cost, rate) end
  local ctx = req.ctx
  ctx[self] = { key = key, rate = rate, bucket = bucket }
  return bucket:look(key, 1, rate)
end


-- Several uses may judge a request: the tightest tells, as of several windows. One alone keeps nothing, which costs nothing.
local function is_tightest(req, ok, left, wait, reset)
  if uses == 1 then return true end
  local ctx = req.ctx
  local told = ctx[TOLD]
  if told and (told.ok and ok and (left > told.left or left == told.left and reset <= told.reset)
      or not told.ok and (ok or (wait or math.huge) <= told.wait)) then
    return false
  end
  ctx[TOLD] = { ok = ok, left = left, wait = wait or math.huge, reset = reset }
  return true
end


function limit:request(req, res)
  local conf, key = self.conf, self.key(req)
  if key == nil then return end
  local rate = conf.limit and other_rate(self, req)
  local cost = conf.charge and 1 or conf.cost(req, res) or 1
  local ok, left, wait, reset, which, by = take(self, key, req, cost, rate)
  if (self.fields or self.draft or self.state_header) and is_tightest(req, ok, left, wait, reset) then
    if by and self.state_header then res.headers[self.state_header] = by end
    if self.fields or self.draft then tell(self, res, rate, left, reset, which) end
  end
  if ok then return end
  if by == "deny" and not conf.dry_run then return limits.unknown(self, req, wait) end
  if wait and cost > (rate and (rate.burst or rate.count) or self.least) then return limits.beyond(self, req, res) end
  return limits.over(self, req, res, wait)
end


-- What is charged afterwards. An answer of ours has cost nothing.
function limit:log(req, res)
  local charge = self.conf.charge
  local asked = charge and req.ctx[self]
  if not asked or res.origin ~= "upstream" then return end
  local cost = charge(req, res)
  if cost and cost > 0 then asked.bucket:charge(asked.key, cost, asked.rate) end
end


return limit
