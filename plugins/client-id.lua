-- SPDX-License-Identifier: Apache-2.0
-- Says who is calling: the first source that answers wins, the address is the last resort.
local who = plugin "client-id" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    from = t.list { t.string(), min = 1, max = 8, default = { "header:X-Api-Key" },
      help = 'Where the identity is read, in this order: `"header:NAME"`, `"query:NAME"` or `"cookie:NAME"`.' },
    hash = t.boolean { default = true,
      help = "Use the first half of the SHA-256 of what was read, so that keys stay out of logs and stores. "
        .. "Without it a client could send another one's address as its key." },
    required = t.boolean { default = false,
      help = "Answer 401 to requests in which no source answers, instead of counting them by address." },
  },
}

-- Hashes are remembered, in two tables that take turns: a flood of new keys costs time, not memory, and no table is so
-- large that the collector would hold up a request to walk it.
local HASHES_MAX = 1024

local read = {
  header = function(req, name) return req.headers[name] end,
  query  = function(req, name) return req.args[name] end,
  cookie = function(req, name) return req.cookies[name] end,
}


-- The sources as one function that asks the next only when it has no answer. A loop over two or three sources would
-- keep the JIT compiler from making one trace of the whole chain.
local function asking(kind, name, otherwise)
  local source = read[kind]
  return function(req)
    local id = source(req, name)
    if id and id ~= "" then return id end
    return otherwise and otherwise(req)
  end
end


local function hashed(self, id)
  local hash = self.young[id]
  if hash then return hash end
  hash = self.old[id] or crypto.sha256_hex(id):sub(1, 32)
  if self.count == HASHES_MAX then self.old, self.young, self.count = self.young, {}, 0 end
  self.young[id], self.count = hash, self.count + 1
  return hash
end


function who:init()
  self.young, self.old, self.count = {}, {}, 0
  for i = #self.conf.from, 1, -1 do
    local source = self.conf.from[i]
    local kind, name = source:match("^(%l+):([^%s%c]+)$")
    if not read[kind] then
      return nil, ('from[%d]: expected "header:NAME", "query:NAME" or "cookie:NAME", got "%s"'):format(i, source)
    end
    self.source = asking(kind, name, self.source)
  end
end


function who:request(req, res)
  local id = self.source(req)
  if id then
    req.client.id = self.conf.hash and hashed(self, id) or id
  elseif self.conf.required then
    return req:refuse(401, "identity_required", "Client identity required", { ["WWW-Authenticate"] = "ApiKey" })
  end
end


return who
