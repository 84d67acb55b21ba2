-- SPDX-License-Identifier: Apache-2.0
-- Lets consumers and groups pass, or keeps them out; stands below the plugins that find out who is calling.
local who = {
  groups = t.list { t.string { min = 1 }, default = {}, help = "Whoever belongs to one of these groups." },
  consumers = t.list { t.string { min = 1 }, default = {}, help = "These consumers, by name." },
}

local acl = plugin "acl" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    allow = t.record { who,
      help = "Only these pass. Without it, everybody passes who is known and not denied." },
    deny = t.record { who,
      help = "These do not pass, whatever `allow` says." },
  },
  check = function(conf)
    local allow, deny = conf.allow, conf.deny
    if allow and #allow.groups + #allow.consumers == 0 then return nil, "allow: expected a group or a consumer" end
    if deny and #deny.groups + #deny.consumers == 0 then return nil, "deny: expected a group or a consumer" end
    return true
  end,
}


local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end


-- Does the client belong to one of those?
local function judge(rule)
  local names, groups = set_of(rule.consumers), rule.groups
  return function(client)
    local consumer = client.consumer
    if consumer and names[consumer] then return true end
    for i = 1, #groups do
      if client:in_group(groups[i]) then return true end
    end
    return false
  end
end


function acl:init()
  auth.counting(self)
  self.allows = self.conf.allow and judge(self.conf.allow)
  self.denies = self.conf.deny and judge(self.conf.deny)
end


function acl:request(req, res)
  local client = req.client
  local known = client.consumer ~= nil or client.authenticated ~= nil
  if not known or self.denies and self.denies(client) or self.allows and not self.allows(client) then
    auth.count(self, "forbidden")
    return auth.forbid(req, "Not allowed")
  end
end


return acl
