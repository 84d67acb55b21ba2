-- SPDX-License-Identifier: Apache-2.0
-- Gives the service another path than the client asked for: by prefix, by pattern, or from a template.
local rewrite = plugin "path-rewrite" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    strip = t.string { min = 2,
      help = 'A prefix that is taken off: with `"/api"`, `/api/users` becomes `/users`, and `/apis` stays.' },
    prefix = t.string { min = 2,
      help = 'A prefix that is put in front, after `strip`: with `"/v2"`, `/users` becomes `/v2/users`.' },
    pattern = t.pattern { min = 1,
      help = 'A Lua pattern for the path, such as `"^/users/(%d+)$"`. Paths that do not match stay as they are.' },
    with = t.string {
      help = 'What the first match becomes; `%1` to `%9` are its captures: `"/accounts/%1"`.' },
    to = t.template { escape = "url",
      help = 'The whole path, such as `"/accounts/{req.params.id}"`. What is put in stays one segment, '
        .. "but for `req.params.rest`." },
  },
  check = function(conf)
    local ways = (conf.to and 1 or 0) + (conf.pattern and 1 or 0) + ((conf.strip or conf.prefix) and 1 or 0)
    if ways ~= 1 then return nil, "expected one of: to; pattern and with; strip, prefix or both" end
    if (conf.pattern == nil) ~= (conf.with == nil) then return nil, "with: pattern and with belong together" end
    return true
  end,
}


local function bare(prefix, name)
  if prefix == nil then return "" end
  if prefix:sub(1, 1) ~= "/" then return nil, ('%s: expected a path such as "/api", got %q'):format(name, prefix) end
  return (prefix:gsub("/+$", ""))
end


function rewrite:init()
  local why
  self.strip, why = bare(self.conf.strip, "strip")
  if not self.strip then return nil, why end
  self.prefix, why = bare(self.conf.prefix, "prefix")
  if not self.prefix then return nil, why end
end


local function without(prefix, path)
  local n = #prefix
  if path:sub(1, n) ~= prefix then return path end
  local rest = path:sub(n + 1)
  if rest == "" then return "/" end
  return rest:byte(1) == 47 and rest or path -- "/api" is no prefix of "/apis"
end


-- ".." in a parameter must not lead out of where the template points: the gateway would resolve it.
local function leads_out(path)
  path = path .. "/"
  return path:find("/../", 1, true) or path:find("/./", 1, true) or path:find("%00", 1, true)
end


local function assign(req, path)
  req.path = path
end


function rewrite:request(req, res)
  local conf, path = self.conf, req.path
  if conf.pattern then
    path = path:gsub(conf.pattern, conf.with, 1)
  elseif conf.to then
    path = conf.to(req)
  else
    path = self.prefix .. without(self.strip, path)
  end
  if path:byte(1) ~= 47 then path = "/" .. path end
  -- What is no path, such as one with encoded dots and slashes that somebody has sent in a parameter, raises here.
  if leads_out(path) or not pcall(assign, req, path) then
    return req:refuse(400, "bad_path", "The parameters make no path")
  end
end


return rewrite
