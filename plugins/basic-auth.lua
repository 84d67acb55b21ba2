-- SPDX-License-Identifier: Apache-2.0
-- Knows consumers by name and password (RFC 7617); answers 401 to requests without them.
local basic = plugin "basic-auth" {
  version = "1.0.0",
  api     = 1,
  schema  = auth.settings {
    remember = t.duration { default = "60s", max = "1h",
      help = "How long a password that was right is not judged again, because judging takes long on purpose. Changing "
        .. "it works at once. 0: never." },
    timeout = t.duration { default = "2s", min = "10ms", max = "60s",
      help = "How long a request waits for its password to be judged; then it is answered with 503." },
  },
}


function basic:init()
  self.challenge = ('Basic realm="%s", charset="UTF-8"'):format(self.conf.realm)
  self.logins = metrics.counter("basic_auth_logins_total", "Passwords that were judged, or could not be.", { "result" })
  return auth.init(self)
end


-- What "Basic dXNlcjpwYXNz" says: name and password; false: it is of that scheme, and broken; nil: it is of another one.
local function read(value)
  local scheme, token = value:match("^(%a+) *(.*)$")
  if not scheme or scheme:lower() ~= "basic" then return nil end
  local text = crypto.from_base64(token)
  if not text or text:find("%c") then return false end
  local name, password = text:match("^([^:]*):(.*)$")
  return name or false, password
end


function basic:verify(req, name, password)
  local conf = self.conf
  local right, why = consumers.verify(name, password, { remember = conf.remember, timeout = conf.timeout })
  if right then
    self.logins:inc("right")
    return auth.accept(self, req, { consumer = name, method = "basic-auth" })
  end
  if right == false then
    self.logins:inc("wrong")
    return auth.wrong(self, req, self.challenge, "Name or password is not right")
  end
  self.logins:inc(why)
  return req:refuse(503, "auth_busy", "Passwords cannot be judged now, try again soon", { ["Retry-After"] = 1 })
end


function basic:request(req, res)
  local value = req.headers["Authorization"]
  local name, password
  if value then name, password = read(value) end
  local twice = name and #req.headers:all("Authorization") > 1
  if name ~= nil and self.conf.hide then req.headers["Authorization"] = nil end
  if auth.is_known(self, req) then return end
  if name == nil then return auth.missing(self, req, self.challenge) end
  if not name or twice then
    return auth.wrong(self, req, self.challenge, "The header Authorization is not as it should be")
  end
  return self:verify(req, name, password)
end


return basic
