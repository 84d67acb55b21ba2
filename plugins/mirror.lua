-- SPDX-License-Identifier: Apache-2.0
-- Sends copies of requests elsewhere, once their clients have been answered, and throws the answers away.
local mirror = plugin "mirror" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    service = t.service {
      help = "The service that gets the copies." },
    url = t.url {
      help = 'Or an address, `"http://shadow:8080/base"`; the path of a request goes behind it.' },
    share = t.number { default = 100, min = 0, max = 100,
      help = "Of how many requests, in percent; each time by chance." },
    headers = t.list { t.header_name(),
      default = { "Accept", "Accept-Language", "Content-Encoding", "Content-Type", "User-Agent" },
      help = "The headers that a copy has, besides `X-Request-Id`. "
        .. '`{ "*" }`: all but the host and who has forwarded the request; cookies and credentials among them.' },
    content = t.size { default = "64k", max = "1m",
      help = "Requests with more content are not copied; nor are those whose content nobody has read, see `read`." },
    read = t.boolean { default = false,
      help = "Read the content of requests that are copied, if its length is known. "
        .. "The service gets them when all of it is here. Without it, only what other plugins read is known." },
    timeout = t.duration { default = "5s", min = "10ms", max = "1m",
      help = "How long a copy may take." },
    most = t.integer { default = 64, min = 1, max = 10000,
      help = "At most so many copies are under way at once in one worker; others are dropped, and counted." },
    mark = t.header_name { default = "X-Shadow",
      help = "The header that marks a copy, with the value 1. Requests that have it are never copied." },
  },
  check = function(conf)
    local url = conf.url
    if (url == nil) == (conf.service == nil) then return nil, "service: required, or url, and not both" end
    if not url then return true end
    local wrong = auth.url_fault(url)
    if wrong then return nil, "url: " .. wrong end
    if url:find("[?#]") then return nil, "url: expected one without a query" end
    return true
  end,
}

-- What "*" leaves out: who has forwarded the request is said by whoever forwards it.
local NOT_ALL = {
  host = true, forwarded = true, upgrade = true, ["x-real-ip"] = true, ["x-request-id"] = true,
  ["x-forwarded-for"] = true, ["x-forwarded-host"] = true, ["x-forwarded-port"] = true, ["x-forwarded-proto"] = true,
}


local function chosen_headers(names, from)
  local list = {}
  for i = 1, #names do
    local values = from:all(names[i])
    if values[1] then list[names[i]] = values end
  end
  return list
end


local function all_headers(_, from)
  local list = {}
  for name, value in from:each() do
    name = name:lower()
    local values = list[name]
    if values then
      values[#values + 1] = value
    elseif not NOT_ALL[name] then
      list[name] = { value }
    end
  end
  return list
end


function mirror:init()
  local conf = self.conf
  self.base, self.under_way = conf.url and conf.url:gsub("/+$", "") or nil, 0
  self.copy_headers = chosen_headers
  for _, name in ipairs(conf.headers) do
    if name == "*" then self.copy_headers = all_headers end
  end
  self.seen = metrics.counter("mirror_requests_total",
    "Requests that were to be copied: sent, failed on the way, dropped for want of room, skipped for their content.",
    { "route", "result" })
end


-- Its content would be missed: it has some, and nobody else will read it.
local function read_content(conf, req)
  local length = req.length
  if length and length > 0 and length <= conf.content and not req.body then req:read_body(conf.content) end
end


local function new_copy(self, req)
  local conf, query = self.conf, req.query
  local target = query and req.path .. "?" .. query or req.path
  local headers = self.copy_headers(conf.headers, req.headers)
  headers["X-Request-Id"], headers[conf.mark] = req.id, "1"
  return {
    method = req.method, url = self.base and self.base .. target, service = conf.service,
    path = conf.service and target, headers = headers, timeout = conf.timeout,
  }
end


-- The request as it comes by here: what plugins above have changed is in the copy, what those below will change is not.
function mirror:request(req, res)
  local conf, headers = self.conf, req.headers
  if headers[conf.mark] or headers["Upgrade"] or math.random() * 100 >= conf.share then return end
  if conf.read then read_content(conf, req) end
  local ctx = req.ctx
  ctx[self] = new_copy(self, req)
end


-- "sent", or why not.
local function send(self, copy)
  if self.under_way >= self.conf.most then return "dropped" end
  self.under_way = self.under_way + 1
  local ok, reply, why = pcall(http.request, copy)
  self.under_way = self.under_way - 1
  if ok and reply then return "sent" end
  local whom = copy.url and auth.shown_url(copy.url) or tostring(copy.service)
  log.debug("a copy has failed", { to = whom, why = ok and why or tostring(reply) })
  return "failed"
end


local function copy_content(self, req, copy)
  local body = req.body
  if not body then return req.length == 0 end
  copy.body = body
  return #body <= self.conf.content
end


-- A request that a plugin has answered never came to the service, and so its copy goes nowhere either.
function mirror:log(req, res)
  local copy, route = req.ctx[self], req.route
  if not copy or res.origin == "plugin" then return end
  local result = copy_content(self, req, copy) and send(self, copy) or "skipped"
  self.seen:inc(route, result)
end


return mirror
