-- SPDX-License-Identifier: Apache-2.0
-- Closes a route with 503, for a while or for good, but for those who may pass.
local maintenance = plugin "maintenance" {
  version = "1.0.0",
  api     = 1,
  answers = true,
  schema  = {
    from = t.time {
      help = "When it begins; without it, at once." },
    to = t.time {
      help = "When it ends; without it, when you take the plugin out." },
    retry_after = t.duration { default = "5m", min = "1s",
      help = "When clients should come back, where `to` does not tell." },
    message = t.string { default = "Closed for maintenance", min = 1,
      help = "What the answer says, as JSON." },
    page = t.file { max = 1048576,
      help = "A file with a page for clients that would rather have HTML." },
    allow = t.addresses { default = {},
      help = "Addresses that may pass, such as your office." },
    pass = t.map { t.header_name(), t.secret(), default = {},
      help = 'Requests with such a header and exactly this value may pass: `{ ["X-Pass"] = "secret" }`.' },
    open = t.list { t.string { min = 1 }, default = {},
      help = 'Paths that stay open, `"/health"`, or with all below them, `"/status/*"`.' },
  },
  check = function(conf)
    if conf.from and conf.to and conf.from >= conf.to then return nil, "to: expected a time after from" end
    return true
  end,
}


local function is_open(self, path)
  for i = 1, #self.open do
    local prefix = self.open[i]
    if path == prefix.exact or (prefix.below and path:sub(1, #prefix.below) == prefix.below) then return true end
  end
  return false
end


local function has_pass(self, req)
  for i = 1, #self.names do
    local value = req.headers[self.names[i]]
    if value and crypto.equal(value, self.conf.pass[self.names[i]]) then return true end
  end
  return false
end


function maintenance:init()
  self.open, self.names = {}, {}
  for i, path in ipairs(self.conf.open) do
    if path:sub(1, 1) ~= "/" then
      return nil, ('open[%d]: expected a path such as "/health", got %q'):format(i, path)
    end
    local below = path:match("^(.*/)%*$")
    self.open[i] = { exact = below and below:sub(1, -2) or path, below = below }
  end
  for name in pairs(self.conf.pass) do self.names[#self.names + 1] = name end
end


local function wants_page(req)
  local accept = req.headers["Accept"]
  return accept ~= nil and accept:find("text/html", 1, true) ~= nil
end


local function closed(self, req, now)
  local conf = self.conf
  local wait = conf.to and conf.to - now or conf.retry_after
  local headers = { ["Retry-After"] = math.ceil(wait), ["Cache-Control"] = "no-store" }
  if not (conf.page and wants_page(req)) then return req:refuse(503, "maintenance", conf.message, headers) end
  headers["Content-Type"], headers["X-Lunette-Reason"] = "text/html; charset=utf-8", "maintenance"
  return 503, conf.page, headers
end


function maintenance:request(req, res)
  local conf, now = self.conf, time()
  if (conf.from and now < conf.from) or (conf.to and now >= conf.to) then return end
  if conf.allow:contains(req.client.ip) or is_open(self, req.path) or has_pass(self, req) then return end
  return closed(self, req, now)
end


return maintenance
