-- SPDX-License-Identifier: Apache-2.0
-- Tells browsers to be careful with responses, in the headers that are good practice today.
local security = plugin "security-headers" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    hsts = t.duration { default = "8760h",
      help = "Only https for so long (`Strict-Transport-Security`), said to those who came by https; 0: not at all." },
    hsts_subdomains = t.boolean { default = false,
      help = "The same for all subdomains." },
    hsts_preload = t.boolean { default = false,
      help = "Agree to be in the lists of browsers, which is hard to take back." },
    csp = t.template {
      help = "What pages may load (`Content-Security-Policy`): `\"default-src 'self'\"`. No default fits all." },
    csp_report_only = t.boolean { default = false,
      help = "Try the policy: browsers report what it would forbid." },
    nosniff = t.boolean { default = true,
      help = "The type of content is what the response says (`X-Content-Type-Options: nosniff`)." },
    frame = t.oneof { "deny", "sameorigin", "off", default = "deny",
      help = "Who may show this in a frame (`X-Frame-Options`)." },
    referrer = t.oneof { "no-referrer", "same-origin", "origin", "strict-origin", "origin-when-cross-origin",
      "strict-origin-when-cross-origin", "off", default = "strict-origin-when-cross-origin",
      help = "What other sites learn about where their visitors come from (`Referrer-Policy`)." },
    permissions = t.string { default = "camera=(), geolocation=(), microphone=()",
      help = "What pages may ask for (`Permissions-Policy`); empty says nothing." },
    opener = t.oneof { "same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none", "off",
      default = "same-origin", help = "Who keeps hold of a window (`Cross-Origin-Opener-Policy`)." },
    resource = t.oneof { "same-origin", "same-site", "cross-origin", "off", default = "same-origin",
      help = "Which sites may embed this (`Cross-Origin-Resource-Policy`)." },
    override = t.boolean { default = false,
      help = "Replace what the service says about these; otherwise its own word stands." },
    remove = t.list { t.header_name(), default = { "Server", "X-Powered-By" },
      help = "Headers of the service that tell too much." },
  },
  check = function(conf)
    if not conf.hsts_preload or (conf.hsts >= 31536000 and conf.hsts_subdomains) then return true end
    return nil, "hsts_preload: browsers want hsts_subdomains with it, and hsts of at least a year (8760h)"
  end,
}


local function hsts_of(conf)
  if conf.hsts == 0 then return nil end
  return ("max-age=%d%s%s"):format(conf.hsts, conf.hsts_subdomains and "; includeSubDomains" or "",
    conf.hsts_preload and "; preload" or "")
end


local function unless_off(word)
  return word ~= "off" and word or nil
end


function security:init()
  local conf = self.conf
  self.hsts        = hsts_of(conf)
  self.csp_name    = conf.csp_report_only and "Content-Security-Policy-Report-Only" or "Content-Security-Policy"
  self.nosniff     = conf.nosniff and "nosniff" or nil
  self.frame       = conf.frame ~= "off" and conf.frame:upper() or nil
  self.referrer    = unless_off(conf.referrer)
  self.permissions = conf.permissions ~= "" and conf.permissions or nil
  self.opener      = unless_off(conf.opener)
  self.resource    = unless_off(conf.resource)
end


local function put(self, headers, name, value)
  if value and (self.conf.override or not headers[name]) then headers[name] = value end
end


-- One line for each header, and no loop over them: a straight line becomes one piece of machine code.
function security:response(req, res)
  local headers, conf = res.headers, self.conf
  for i = 1, #conf.remove do headers[conf.remove[i]] = nil end
  if req.scheme == "https" then put(self, headers, "Strict-Transport-Security", self.hsts) end
  if conf.csp then put(self, headers, self.csp_name, conf.csp(req)) end
  put(self, headers, "X-Content-Type-Options", self.nosniff)
  put(self, headers, "X-Frame-Options", self.frame)
  put(self, headers, "Referrer-Policy", self.referrer)
  put(self, headers, "Permissions-Policy", self.permissions)
  put(self, headers, "Cross-Origin-Opener-Policy", self.opener)
  put(self, headers, "Cross-Origin-Resource-Policy", self.resource)
end


return security
