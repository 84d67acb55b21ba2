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

function keys:init()
  local sources, why = auth.sources(self.conf.from)
  if not sources then return nil, why end
  self.sources = sources
  local challenge = ('%s realm="%s"'):format(sources.others and "ApiKey" or "Bearer", self.conf.realm)
  if sources.others and sources.bearer then challenge = ('%s, Bearer realm="%s"'):format(challenge, self.conf.realm) end
  self.challenge = challenge
  return auth.init(self)
end


function keys:request(req, res)
  local key = self.sources.read(req)
  if self.conf.hide then self.sources.hide(req) end
  if auth.is_known(self, req) then return end
  if not key then return auth.missing(self, req, self.challenge) end
  local consumer = consumers.by_key(key)
  if not consumer then return auth.wrong(self, req, self.challenge, "The API key is not valid") end
  return auth.accept(self, req, { consumer = consumer, method = "key-auth" })
end


return keys
