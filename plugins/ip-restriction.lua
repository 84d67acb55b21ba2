-- SPDX-License-Identifier: Apache-2.0
-- Lets clients in or keeps them out by their addresses.
local restriction = plugin "ip-restriction" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    allow = t.addresses {
      help = "Only these addresses, blocks, and those of files (`\"file:office.txt\"`, one in a line) may pass." },
    deny = t.addresses {
      help = "These may not, even if `allow` has them." },
    by = t.oneof { "ip", "peer", default = "ip",
      help = "Whose address: the client's, behind proxies that `trustedProxies` names, or its peer's." },
    status = t.integer { default = 403, min = 400, max = 499,
      help = "Status of the answer to the others." },
    message = t.string { default = "Your address is not allowed here", min = 1,
      help = "What that answer says." },
  },
  check = function(conf)
    if conf.allow or conf.deny then return true end
    return nil, "allow: required, or deny"
  end,
}


function restriction:request(req, res)
  local conf = self.conf
  local ip = req.client[conf.by]
  if (conf.deny and conf.deny:contains(ip)) or (conf.allow and not conf.allow:contains(ip)) then
    return req:refuse(conf.status, "address_denied", conf.message)
  end
end


return restriction
