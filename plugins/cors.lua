-- SPDX-License-Identifier: Apache-2.0
-- Lets pages of other sites use this one, as the Fetch standard says; errors and answers of other plugins included.
local cors = plugin "cors" {
  version   = "1.0.0",
  api       = 1,
  preflight = true,
  schema    = {
    origins = t.list { t.string(), required = true, min = 1,
      help = 'Who may: `"https://example.com"`, all below a domain, `"https://*.example.com"`, or everybody, `"*"`.' },
    methods = t.list { t.string { min = 1 }, default = { "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE" }, min = 1,
      help = "Methods that may be used." },
    headers = t.list { t.header_name(),
      help = "Request headers that may be used; without it, those that a page asks for." },
    exposed = t.list { t.header_name(), default = {},
      help = "Response headers that pages may read, beyond the harmless ones." },
    credentials = t.boolean { default = false,
      help = "Whether browsers send cookies and what else they know of the visitor." },
    max_age = t.duration { default = "10m",
      help = "How long browsers remember what may be done." },
    private_network = t.boolean { default = false,
      help = "Whether pages of the internet may reach this gateway in a private network." },
  },
  check = function(conf)
    for _, origin in ipairs(conf.origins) do
      if origin == "*" and conf.credentials then
        return nil, 'credentials: with the origin "*" every site could act as its visitors; name the origins'
      end
    end
    return true
  end,
}

local KNOWN_MAX = 4096 -- origins that were judged already; then we start afresh
local FORM = 'expected "*", or an origin such as "https://example.com" or "https://*.example.com", got %q'
local STAR = 'a star stands for the names in front of a domain, as in "https://*.example.com", got %q'
local PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


-- "https://*.example.com" as what stands in front of the star and behind it; nil and a sentence when it is no origin.
local function parse(origin)
  local head, host = origin:match("^(%l[%l%d+.-]*://)([^/?#%s@]+)$")
  if not head or host:find("%u") then return nil, FORM:format(origin) end
  local domain = host:match("^%*(%.[^*]+)$") or ""
  if domain == "" and host:find("*", 1, true) then
    return nil, STAR:format(origin)
  end
  return { head = head, domain = domain }
end


function cors:init()
  local conf = self.conf
  self.exact, self.domains, self.known, self.known_count = {}, {}, {}, 0
  for i, origin in ipairs(conf.origins) do
    if origin == "*" then
      self.everybody = true
    else
      local form, why = parse(origin)
      if not form then return nil, ("origins[%d]: %s"):format(i, why) end
      if form.domain == "" then self.exact[origin] = true else self.domains[#self.domains + 1] = form end
    end
  end
  self.methods = table.concat(conf.methods, ", ")
  self.headers = conf.headers and table.concat(conf.headers, ", ")
  self.exposed = #conf.exposed > 0 and table.concat(conf.exposed, ", ") or nil
end


local function is_below(form, origin)
  local name = origin:sub(#form.head + 1, -#form.domain - 1)
  return origin:sub(1, #form.head) == form.head and origin:sub(-#form.domain) == form.domain
    and name:find("^[%w.-]+$") ~= nil
end


local function judge(self, origin)
  if self.exact[origin] then return true end
  for _, form in ipairs(self.domains) do
    if is_below(form, origin) then return true end
  end
  return false
end


local function is_allowed(self, origin)
  if self.everybody then return true end
  local verdict = self.known[origin]
  if verdict ~= nil then return verdict end
  if self.known_count >= KNOWN_MAX then self.known, self.known_count = {}, 0 end
  verdict = judge(self, origin)
  self.known[origin], self.known_count = verdict, self.known_count + 1
  return verdict
end


-- What a browser asks before it sends what a form could not.
local function preflight(self, req, origin)
  local conf = self.conf
  local headers = { ["Vary"] = PREFLIGHT_VARY }
  if not is_allowed(self, origin) then
    return req:refuse(403, "origin_denied", "Pages of this origin may not do that", headers)
  end
  headers["Access-Control-Allow-Origin"]  = self.everybody and "*" or origin
  headers["Access-Control-Allow-Methods"] = self.methods
  headers["Access-Control-Allow-Headers"] = self.headers or req.headers["Access-Control-Request-Headers"]
  headers["Access-Control-Max-Age"]       = math.floor(conf.max_age)
  if conf.credentials then headers["Access-Control-Allow-Credentials"] = "true" end
  if conf.private_network and req.headers["Access-Control-Request-Private-Network"] == "true" then
    headers["Access-Control-Allow-Private-Network"] = "true"
  end
  return 204, nil, headers
end


function cors:request(req, res)
  if req.method ~= "OPTIONS" then return end
  local origin = req.headers["Origin"]
  if origin and req.headers["Access-Control-Request-Method"] then return preflight(self, req, origin) end
end


-- The service's own word would stand beside ours, and browsers refuse two.
function cors:response(req, res)
  local headers, origin = res.headers, req.headers["Origin"]
  local allowed = origin and is_allowed(self, origin)
  if not self.everybody then headers:merge("Vary", "Origin") end
  headers["Access-Control-Allow-Origin"] = allowed and (self.everybody and "*" or origin) or nil
  headers["Access-Control-Allow-Credentials"] = allowed and self.conf.credentials and "true" or nil
  headers["Access-Control-Expose-Headers"] = allowed and self.exposed or nil
end


return cors
