-- SPDX-License-Identifier: Apache-2.0
-- Limits how often a client may come; counted exactly across all workers, answered with 429 when over the rate.
local limit = plugin "rate-limit" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    rate = t.rate { required = true,
      help = 'How many requests may pass in the long run: `"100/s"`, `"5000/h"`, `"10/30s"`.' },
    burst = t.integer { default = 10, min = 1, max = 1000000,
      help = "How many requests may come at once before the rate is asked." },
    by = t.oneof { "client", "ip", "route", default = "client",
      help = "Who is counted: the client identity, the client's address, or the route as a whole." },
    zone = t.string { min = 1, max = 64,
      help = "Name of the counters. Uses with one zone count together, and must agree on rate and burst. "
        .. "Without it, uses with the same rate, burst and by count together." },
    status = t.integer { default = 429, min = 400, max = 599,
      help = "Status of the answer to a request over the rate." },
    headers = t.boolean { default = true,
      help = "Tell clients where they stand, in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`." },
  },
}

local key_of = {
  client = function(req) return req.client.key end, -- no client can have the key of one that another source tells
  ip     = function(req) return req.client.ip end,
  route  = function(req) return req.route end,
}


local function default_zone(conf)
  return ("%d/%ds:%d:%s"):format(conf.rate.count, conf.rate.per, conf.burst, conf.by)
end


function limit:init()
  local conf = self.conf
  self.key    = key_of[conf.by]
  self.bucket = store.limiter(conf.zone or default_zone(conf), conf.rate, conf.burst)
  self.refill = conf.rate.per / conf.rate.count -- seconds until one more may pass
  self.burst  = tostring(conf.burst)
end


local function tell(self, res, left)
  local headers = res.headers
  headers["RateLimit-Limit"]     = self.burst
  headers["RateLimit-Remaining"] = left
  headers["RateLimit-Reset"]     = math.ceil((self.conf.burst - left) * self.refill) -- until all of it is back
end


function limit:request(req, res)
  local ok, left, wait = self.bucket:take(self.key(req))
  if self.conf.headers then tell(self, res, left) end
  if not ok then
    return self.conf.status,
           { error = "Rate limit exceeded", code = "rate_limited", request_id = req.id },
           { ["Retry-After"] = math.max(1, math.ceil(wait)), ["X-Lunette-Reason"] = "rate_limited" }
  end
end


return limit
