-- SPDX-License-Identifier: Apache-2.0
-- Limits how many requests of a client are under way at once; counted exactly across all workers.
local limit = plugin "concurrency-limit" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    most = t.integer { required = true, min = 1, max = 10000,
      help = "How many requests may be under way at once: from here until their responses are through." },
    by = t.key { default = "client" },
    zone = t.string { min = 1, max = 64,
      help = "Name of the counts. Uses with one zone count together. Without it, uses with the same by and most do." },
    hold = t.duration { default = "1h", min = "1s", max = "240h",
      help = "A request that is under way for longer is not counted any more." },
    retry_after = t.duration { default = "1s", min = "1s",
      help = "When refused clients should come back: nobody knows when a request ends." },
    dry_run = t.boolean { default = false,
      help = "Refuse nothing: tell what would have been refused, in the metric and in the log (level info)." },
    status = t.integer { default = 429, min = 400, max = 599,
      help = "Status of the answer to a request that is too many." },
  },
}


function limit:init()
  local conf = self.conf
  self.key     = conf.by.of
  self.permits = store.permits(conf.zone or ("%d:%s"):format(conf.most, conf.by.title))
  self.refused = metrics.counter("concurrency_limit_refused_total",
    "Requests over a limit of the plugin concurrency-limit: refused, or let through because it runs dry.",
    { "route", "result" })
end


function limit:request(req)
  local conf, key = self.conf, self.key(req)
  if key == nil then return end
  local permit = self.permits:take(key, conf.most, conf.hold)
  if permit then
    local ctx = req.ctx
    ctx[self] = { key = key, permit = permit }
    return
  end
  self.refused:inc(req.route, conf.dry_run and "dry_run" or "refused")
  if conf.dry_run then
    log.info("a request too many was let through: dry run", { route = req.route })
    return
  end
  return req:refuse(conf.status, "too_many_at_once", "Too many requests at once",
    { ["Retry-After"] = math.ceil(conf.retry_after) })
end


-- Also when the client has gone, or something else has failed.
function limit:log(req)
  local held = req.ctx[self]
  if held then self.permits:give(held.key, held.permit) end
end


return limit
