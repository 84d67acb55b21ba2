-- SPDX-License-Identifier: Apache-2.0
-- Replaces texts in the content of responses as it streams, also where they are spread over two pieces.
local replace = plugin "response-replace" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    replace = t.list { t.record { {
        find = t.string { required = true, min = 1, max = 4096,
          help = "The text, not a pattern, as the service writes it." },
        with = t.template { required = true,
          help = 'What it becomes, with names in braces: `"https://{req.host|html}"`.' },
        most = t.integer { min = 1,
          help = "At most so many in one response; without it, all." },
      } }, required = true, min = 1, max = 16,
      help = "What is replaced, one after the other: what one has put in, the next one sees." },
    types = t.list { t.media_type(), min = 1,
      default = { "text/*", "application/json", "application/*+json", "application/javascript", "application/xml",
        "application/*+xml" },
      help = "Content in which it is." },
    plain = t.boolean { default = true,
      help = "Ask the service for content that is neither compressed nor a part; nothing can be replaced in either." },
  },
}


function replace:request(req, res)
  if self.conf.plain then
    req.headers["Accept-Encoding"] = nil
    req.headers["Range"] = nil
  end
end


function replace:response(req, res)
  if not res:transforms(self.conf.types) then return end
  local list, state = self.conf.replace, {}
  for i = 1, #list do state[i] = { with = list[i].with(req), left = list[i].most } end
  req.ctx[self] = state
end


function replace:body(req, res, chunk)
  local list, state = self.conf.replace, req.ctx[self]
  for i = 1, #list do
    local one = state[i]
    if one.left ~= 0 then
      local count = chunk:replace(list[i].find, one.with, one.left)
      if one.left then one.left = one.left - count end
    end
  end
end


return replace
