-- SPDX-License-Identifier: Apache-2.0
-- Knows consumers by their API keys; answers 401 to requests without one.
local keys = plugin "key-auth" {
  version = "1.0.0",
  api     = 1,
  schema  = auth.settings {
    from = t.list { t.string(), min = 1, max = 8, default = { "header:X-Api-Key" },
      help = 'Where the key is, in this order: `"header:NAME"`, `"query:NAME"`, `"cookie:NAME"`, or `"bearer"` for '
        .. "`Authorization: Bearer KEY`; the first counts that is there." },
  },
}

local read = {
  header = function(req, name) return req.headers[name] end,
  query  = function(req, name) return req.args[name] end,
  cookie = function(req, name) return req.cookies[name] end,
}


function read.bearer(req)
  local value = req.headers["Authorization"]
  if not value then return nil end
  local scheme, key = value:match("^(%a+) +(.*)$")
  return scheme and scheme:lower() == "bearer" and key or nil
end


local hide = {
  header = function(req, name) req.headers[name] = nil end,
  query  = function(req, name) if req.args[name] then req.args[name] = nil end end,
}


function hide.bearer(req)
  if read.bearer(req) then req.headers["Authorization"] = nil end
end


-- Cookie: a=1; name=key; b=2 -> a=1; b=2, whatever the spaces.
function hide.cookie(req, name)
  if not req.cookies[name] then return end
  local kept = {}
  for _, line in ipairs(req.headers:all("Cookie")) do
    for pair in line:gmatch("[^;]+") do
      pair = pair:match("^%s*(.-)%s*$")
      if pair:match("^(.-)%s*=") ~= name then kept[#kept + 1] = pair end
    end
  end
  req.headers["Cookie"] = #kept > 0 and table.concat(kept, "; ") or nil
end


-- The sources as one function that asks the next only when it has no answer, and one that empties them all.
local function asking(kind, name, otherwise)
  local source = read[kind]
  return function(req)
    local key = source(req, name)
    if key and key ~= "" then return key end
    return otherwise and otherwise(req)
  end
end


local function hiding(kind, name, more)
  local take = hide[kind]
  return function(req)
    take(req, name)
    if more then more(req) end
  end
end


-- The kind of a source, and the name in it; nil: it is none.
local function parse(source)
  if source == "bearer" then return "bearer" end
  local kind, name = source:match("^(%l+):([^%s%c]+)$")
  if kind ~= "bearer" and read[kind] then return kind, name end
end


function keys:init()
  local schemes = {}
  for i = #self.conf.from, 1, -1 do
    local kind, name = parse(self.conf.from[i])
    if not kind then
      return nil, ('from[%d]: expected "header:NAME", "query:NAME", "cookie:NAME" or "bearer", got "%s"')
        :format(i, self.conf.from[i])
    end
    self.key, self.remove = asking(kind, name, self.key), hiding(kind, name, self.remove)
    schemes[kind == "bearer" and "Bearer" or "ApiKey"] = true
  end
  local challenge = ('%s realm="%s"'):format(schemes.ApiKey and "ApiKey" or "Bearer", self.conf.realm)
  if schemes.ApiKey and schemes.Bearer then challenge = ('%s, Bearer realm="%s"'):format(challenge, self.conf.realm) end
  self.challenge = challenge
  return auth.init(self)
end


function keys:request(req, res)
  local key = self.key(req)
  if self.conf.hide then self.remove(req) end
  if auth.is_known(self, req) then return end
  if not key then return auth.missing(self, req, self.challenge) end
  local consumer = consumers.by_key(key)
  if not consumer then return auth.wrong(self, req, self.challenge, "The API key is not valid") end
  return auth.accept(self, req, { consumer = consumer, method = "key-auth" })
end


return keys
