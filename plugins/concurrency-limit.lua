-- SPDX-License-Identifier: Apache-2.0
-- Limits how many requests of a client are under way at once; counted exactly across all workers.
local limit = plugin "concurrency-limit" {
  version = "1.0.0",
  api     = 1,
  schema  = limits.settings {
    most = t.integer { required = true, min = 1, max = 10000,
      help = "How many requests may be under way at once: from here until their responses are through." },
    zone = t.string { min = 1, max = 64,
      help = "Name of the counts. Uses with one zone count together. Without it, uses with the same by do, and must "
        .. "agree on most; when that changes, what is under way stays counted." },
    entries = t.integer { default = 16384, min = 64, max = 1000000,
      help = "How many requests of all clients may be under way at once, with 192 bytes for each: those for whom "
        .. "there is no room are refused. Uses with one zone must agree." },
    hold = t.duration { default = "1h", min = "1s", max = "240h",
      help = "A request that is under way for longer is not counted any more." },
    retry_after = t.duration { default = "1s", min = "1s",
      help = "When refused clients should come back: nobody knows when a request ends." },
  },
}


local most_of = {} -- by zones that have no name


-- `most` is not in it, so that a reload that changes it forgets nothing that is under way.
local function default_zone(conf)
  local zone = conf.by.title
  local known = most_of[zone] or conf.most
  most_of[zone] = known
  if known == conf.most then return zone end
  return nil, ("zone: required: another concurrency-limit by the same lets %d pass, and they would count together")
    :format(known)
end


function limit:init()
  local conf = self.conf
  local zone, why = conf.zone, nil
  if not zone then zone, why = default_zone(conf) end
  if not zone then return nil, why end
  self.key     = conf.by.of
  self.permits = store.permits(zone, { entries = conf.entries })
  limits.init(self, {
    code = "too_many_at_once", sentence = "Too many requests at once",
    metric = "concurrency_limit_refused_total",
    help = "Requests over a limit of the plugin concurrency-limit: refused, or let through because it runs dry.",
    dry_run_header = "X-Concurrency-Dry-Run", what = "a request too many",
  })
end


function limit:request(req, res)
  local conf, key = self.conf, self.key(req)
  if key == nil then return end
  local permit = self.permits:take(key, conf.most, conf.hold)
  if permit then
    local ctx = req.ctx
    ctx[self] = { key = key, permit = permit }
    return
  end
  return limits.over(self, req, res, conf.retry_after)
end


-- Also when the client has gone, or something else has failed.
function limit:log(req)
  local held = req.ctx[self]
  if held then self.permits:give(held.key, held.permit) end
end


return limit
