-- SPDX-License-Identifier: Apache-2.0
-- Sends clients elsewhere: to another address, or to the one right form of this one (https, host, slash at the end).
local STATUS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

local redirect = plugin "redirect" {
  version = "1.0.0",
  api     = 1,
  answers = true,
  schema  = {
    to = t.template { escape = "url",
      help = 'Where to, such as `"/new/{req.params.id}"` or `"https://example.com{req.path}"`. '
        .. "What is put in is escaped for a URL." },
    status = t.integer { default = 307,
      help = "One of 301, 302, 303, 307, 308. The last two keep method and content; browsers remember 301 and 308." },
    query = t.boolean { default = true,
      help = "Take the query along." },
    https = t.boolean { default = false,
      help = "Send clients that came by http to https. Behind a proxy, `trustedProxies` lets it say how they came." },
    host = t.string { min = 1,
      help = 'The one right host, such as `"www.example.com"`; requests for others are sent there.' },
    slash = t.oneof { "add", "remove",
      help = "Whether paths end with a slash. Paths that end with a file name, such as `/a.css`, get none." },
  },
  check = function(conf)
    if not STATUS[conf.status] then
      return nil, ("status: expected 301, 302, 303, 307 or 308, got %d"):format(conf.status)
    end
    local forms = conf.https or conf.host or conf.slash
    if conf.to and forms then return nil, "to: cannot stand together with https, host or slash" end
    if not (conf.to or forms) then return nil, "to: required, or one of https, host and slash" end
    return true
  end,
}


local function with_slash(path)
  if path:sub(-1) == "/" or path:find("%.[^/]*$") then return path end
  return path .. "/"
end


local function without_slash(path)
  if path:sub(-1) ~= "/" or path == "/" then return path end
  return (path:gsub("/+$", "")) -- only paths that are sent elsewhere come here
end

-- A port of http is none of https.
local function without_port(host)
  return host:match("^(.*):%d+$") or host
end

local forms = { add = with_slash, remove = without_slash }


function redirect:init()
  self.form = forms[self.conf.slash]
end


-- Two slashes in front would name a host.
local function is_safe(target)
  return target:byte(1) ~= 47 or (target:byte(2) ~= 47 and target:byte(2) ~= 92)
end


local function send(self, req, target)
  if not is_safe(target) then target = "/" .. target:match("^[/\\]*(.*)$") end
  if self.conf.query and req.query then
    target = target .. (target:find("?", 1, true) and "&" or "?") .. req.query
  end
  return self.conf.status, nil, { Location = target }
end


function redirect:request(req, res)
  local conf = self.conf
  if conf.to then return send(self, req, conf.to(req)) end
  local scheme, host, path = req.scheme, req.host or "", req.path
  local right_scheme = conf.https and "https" or scheme
  local right_host   = conf.host or right_scheme == scheme and host or without_port(host)
  local right_path   = self.form and self.form(path) or path
  if right_host == "" then
    return req:refuse(400, "host_required", "The request does not say which host it is for")
  elseif right_scheme ~= scheme or right_host ~= host then
    return send(self, req, right_scheme .. "://" .. right_host .. right_path)
  elseif right_path ~= path then
    return send(self, req, right_path)
  end
end


return redirect
