-- SPDX-License-Identifier: Apache-2.0
-- Limits how many bytes a second go to a client, or come from it: content waits, nothing is refused.
local limit = plugin "bandwidth-limit" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    download = t.size { min = 1, max = "512g",
      help = 'Bytes a second of responses: `"512k"`, `"10m"`.' },
    upload = t.size { min = 1, max = "512g",
      help = "Bytes a second of the content of requests." },
    burst = t.size { min = 0, max = "512g",
      help = "Bytes that go at once before these hold: as many as they give in a second." },
    by = t.key { default = "client",
      help = "Who shares them: the client identity, the client's address, the route as a whole, a header, a "
        .. "template, what a function gives (nil: no limit), or a list of these for what they are together." },
    each = t.boolean { default = false,
      help = "Nobody shares: they hold for every response, and every upload, by itself." },
    limit = t.any {
      help = "A function of the request (Lua only) that gives other bytes a second for its response: a number, or "
        .. 'a size such as `"1m"`; nil: `download`.' },
    zone = t.string { min = 1, max = 64,
      help = "Name of the buckets. Uses with one zone share them. Without it, uses with the same settings do." },
  },
  check = function(conf)
    if conf.limit ~= nil and type(conf.limit) ~= "function" then
      return nil, "limit: expected a function, got a " .. type(conf.limit)
    end
    if not (conf.download or conf.upload or conf.limit) then
      return nil, 'download: required: expected a size such as "1m", or upload'
    end
    return true
  end,
}


local function default_zone(conf)
  return ("%s:%s:%s:%s"):format(conf.download or "-", conf.upload or "-", conf.burst or "-", conf.by.title)
end


function limit:init()
  local conf = self.conf
  self.key       = not conf.each and conf.by.of
  self.bandwidth = store.bandwidth(conf.zone or default_zone(conf))
end


function limit:request(req)
  local conf, key = self.conf, nil
  if self.key then
    key = self.key(req)
    if key == nil then return end
  end
  local download = conf.limit and conf.limit(req) or conf.download
  if download then self.bandwidth:pace(key, download, conf.burst) end
  if conf.upload then self.bandwidth:pace(key, conf.upload, conf.burst, "request") end
end


return limit
