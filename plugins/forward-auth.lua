-- SPDX-License-Identifier: Apache-2.0
-- Asks another service whether a request may pass, and who has sent it.
local CHALLENGE = "WWW-Authenticate"

-- What the question says of its own; a client's would stand beside it.
local OWN = {
  ["x-forwarded-method"] = true, ["x-forwarded-proto"] = true, ["x-forwarded-host"] = true,
  ["x-forwarded-uri"] = true, ["x-forwarded-for"] = true, ["x-request-id"] = true,
}

local forward = plugin "forward-auth" {
  version = "1.0.0",
  api     = 1,
  schema  = auth.settings({
    service = t.service { help = "The service that is asked." },
    url = t.url { help = 'Or an address, `"http://auth:9000/check"`.' },
    path = t.string { default = "/", min = 1, help = "For a service: the path that is asked for." },
    method = t.oneof { "GET", "HEAD", "POST", default = "GET",
      help = "The method of the question. It never has content." },
    send = t.list { t.header_name(), default = { "Authorization", "Cookie", "Accept" },
      help = "Headers of the request that the question has, besides `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` "
        .. "and `-For`, and `X-Request-Id`." },
    take = t.list { t.header_name(), default = {},
      help = "Headers of a good answer (200 to 299) that the service behind gets. No client can send them, on any "
        .. "route." },
    identity = t.header_name {
      help = "The header of a good answer that says who it is: a consumer of that name, or else an identity of its "
        .. "own. Who is known already is not asked about; without `identity` everybody is. No client can send it, on "
        .. "any route." },
    groups = t.header_name {
      help = "The header with the groups of somebody who is no consumer, with commas between them. No client can send "
        .. "it, either." },
    from = t.list { t.string(), min = 1, max = 8, default = { "header:Authorization", "header:Cookie" },
      help = 'Where credentials may be: `"header:NAME"`, `"query:NAME"`, `"cookie:NAME"` or `"bearer"`. A request that '
        .. "has none is not asked about where `otherwise` or `anonymous` let it pass; else the answer says what it "
        .. "lacks." },
    scheme = t.string { default = "Bearer", min = 1, max = 64,
      help = "What clients are told to use, with `realm`, when a request without credentials was let pass and another "
        .. "plugin refuses it. What the answer asks for goes to the client anyway." },
    give = t.list { t.header_name(),
      default = { "WWW-Authenticate", "Location", "Set-Cookie", "Content-Type", "Retry-After" },
      help = "Headers of any other answer that the client gets, with its status and content." },
    timeout = t.duration { default = "1s", min = "10ms", max = "1m", help = "How long the answer may take." },
    on_down = t.oneof { "deny", "allow", default = "deny",
      help = "What happens without an answer, or with one from 500 on: 503, or the request passes as it came. An "
        .. "answer below 500 whose content is larger than 64 KiB or breaks off is answered with 503 in any case." },
    cache = t.duration { default = 0, max = "1h",
      help = "How long a good answer holds for requests with the same method, host, path, query and sent headers. "
        .. "0: each is asked about." },
  }, { hide = false }),
  check = function(conf)
    if (conf.url == nil) == (conf.service == nil) then return nil, "service: required, or url, and not both" end
    local wrong = conf.url and auth.url_fault(conf.url)
    if wrong then return nil, "url: " .. wrong end
    if conf.groups and not conf.identity then return nil, "groups: needs identity" end
    if not conf.scheme:find("^[%w!#$%%&'*+.^_`|~-]+$") then
      return nil, "scheme: expected the name of one, such as Bearer"
    end
    for _, name in ipairs(conf.send) do
      if OWN[name:lower()] then return nil, ("send: %s is one that the question has anyway"):format(name) end
    end
    return true
  end,
}


function forward:init()
  local conf = self.conf
  local sources, why = auth.sources(conf.from)
  if not sources then return nil, why end
  self.sources = sources
  self.challenge = ('%s realm="%s"'):format(conf.scheme, conf.realm)
  for _, name in ipairs(conf.take) do reserve_header(name) end
  for _, name in ipairs { conf.identity, conf.groups } do reserve_header(name) end
  if conf.cache > 0 then self.seen = store.dict("answers", { size = "16m" }) end
  local whom = conf.url and { url = auth.shown_url(conf.url) } or { service = tostring(conf.service) }
  self.outage = auth.outage(store.dict("services", { size = "64k" }), conf.url or tostring(conf.service), whom)
  -- What is asked and what is kept of an answer: uses in which these differ know nothing of each other.
  self.use = json.encode { conf.url or tostring(conf.service), conf.path, conf.method, conf.send, conf.take,
    conf.identity or "", conf.groups or "" }
  return auth.init(self)
end


local function question(self, req)
  local conf, headers = self.conf, {}
  for _, name in ipairs(conf.send) do
    local values = req.headers:all(name)
    if values[1] then headers[name] = values end
  end
  headers["X-Forwarded-Method"], headers["X-Forwarded-Proto"] = req.method, req.scheme
  headers["X-Forwarded-Host"], headers["X-Forwarded-For"] = req.host, req.client.ip
  headers["X-Forwarded-Uri"] = req.query and req.path .. "?" .. req.query or req.path
  return headers
end


-- All that the answer can depend on, with lengths, so that no two questions look alike.
local function name_of(self, headers)
  local parts = { self.use }
  for _, name in ipairs(self.conf.send) do
    parts[#parts + 1] = headers[name] and "=" .. table.concat(headers[name], "\0") or ""
  end
  for _, name in ipairs { "Method", "Proto", "Host", "Uri", "For" } do
    parts[#parts + 1] = headers["X-Forwarded-" .. name] or ""
  end
  for i, part in ipairs(parts) do parts[i] = #part .. ":" .. part end
  return crypto.sha256(table.concat(parts))
end


-- What is kept of a good answer: { take = { name = values }, id =, groups = }
local function gist(self, reply)
  local conf, kept = self.conf, { take = {} }
  for _, name in ipairs(conf.take) do
    local values = reply.headers:all(name)
    if values[1] then kept.take[name] = table.concat(values, ", ") end
  end
  kept.id = conf.identity and reply.headers[conf.identity]
  kept.groups = conf.groups and reply.headers[conf.groups]
  return kept
end


-- The same as a text, and back. Headers have bytes that JSON cannot say: two names must not become one.
local function pack(kept)
  local id, groups = kept.id and crypto.base64(kept.id), kept.groups and crypto.base64(kept.groups)
  local packed = { take = {}, id = id, groups = groups }
  for name, value in pairs(kept.take) do packed.take[name] = crypto.base64(value) end
  return json.encode(packed)
end


local function unpack_gist(packed)
  local kept = json.decode(packed)
  kept.id, kept.groups = kept.id and crypto.from_base64(kept.id), kept.groups and crypto.from_base64(kept.groups)
  for name, value in pairs(kept.take) do kept.take[name] = crypto.from_base64(value) end
  return kept
end


local function groups_of(text)
  local list = {}
  for name in (text or ""):gmatch("[^,%s][^,]*") do list[#list + 1] = name:match("^(.-)%s*$") end
  return list
end


local function take_over(self, req, take)
  for _, name in ipairs(self.conf.take) do req.headers[name] = take[name] end
end


local function pass(self, req, kept)
  take_over(self, req, kept.take)
  if not kept.id or kept.id == "" then
    auth.count(self, "accepted")
  elseif consumers.has(kept.id) then
    return auth.accept(self, req, { method = "forward-auth", consumer = kept.id })
  else
    return auth.accept(self, req, { method = "forward-auth", id = kept.id, groups = groups_of(kept.groups) })
  end
end


local function refuse(self, req, reply)
  local headers = {}
  auth.count(self, "wrong")
  for _, name in ipairs(self.conf.give) do
    local values = reply.headers:all(name)
    if values[1] then headers[name:lower() == CHALLENGE:lower() and CHALLENGE or name] = values end
  end
  if reply.status == 401 then
    local given = headers[CHALLENGE]
    headers[CHALLENGE] = auth.asked(self, req, given and table.concat(given, ", "))
  end
  return reply.status, reply.body or "", headers
end


-- `status`: of an answer whose content could not be had. Below 500 the service is there, and may have refused.
local function no_answer(self, req, why, status)
  auth.count(self, "undecided")
  self.outage:begins("the authorization service does not answer", { why = why, status = status })
  if self.conf.on_down == "allow" and (not status or status >= 500) then return take_over(self, req, {}) end
  return req:refuse(503, "no_authorization", "Authorization is not available", { ["Retry-After"] = "1" })
end


local function ask(self, req)
  local conf, headers = self.conf, question(self, req)
  if conf.hide then self.sources.hide(req) end
  local name = self.seen and name_of(self, headers)
  local known = name and self.seen:get(name)
  if known then return pass(self, req, unpack_gist(known)) end
  headers["X-Request-Id"] = req.id
  local reply, why, status = http.request {
    method = conf.method, url = conf.url, service = conf.service, path = conf.service and conf.path or nil,
    headers = headers, timeout = conf.timeout, max = "64k",
  }
  if not reply then return no_answer(self, req, why, status) end
  if reply.status >= 500 then return no_answer(self, req, "it is broken", reply.status) end
  self.outage:ends("the authorization service answers again")
  if reply.status >= 300 then return refuse(self, req, reply) end
  local kept = gist(self, reply)
  if name then self.seen:set(name, pack(kept), conf.cache) end
  return pass(self, req, kept)
end


-- With `identity` it is one of several methods, and the first that proves something settles it; without, it only says who may.
function forward:request(req, res)
  local conf = self.conf
  local is_settled = conf.identity and auth.is_known(self, req)
  local may_pass = conf.otherwise == "next" or conf.anonymous
  if not is_settled and may_pass and not self.sources.read(req) then
    take_over(self, req, {})
    return auth.missing(self, req, self.challenge)
  end
  if not is_settled then return ask(self, req) end
  if conf.hide then self.sources.hide(req) end
end


return forward
