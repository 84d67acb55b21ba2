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
    failures = t.rate {
      help = "How many wrong passwords an address may send: `10/m`. Beyond it none of its passwords is judged, and the "
        .. "answer is 429. Of IPv6 a network is one address; behind proxies set `trustedProxies` first." },
  },
}


function basic:init()
  self.challenge = ('Basic realm="%s", charset="UTF-8"'):format(self.conf.realm)
  self.logins = metrics.counter("basic_auth_logins_total", "Passwords that were judged, or could not be.", { "result" })
  local failures = self.conf.failures
  if failures then
    self.failures = store.limiter(("failures %d/%s"):format(failures.count, failures.per), failures, failures.count)
  end
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


-- Those that wait for judgement have not failed yet: each counts when it has, and what is too much then is owed.
function basic:has_guessed(req)
  local ok, _, wait
  if self.failures then ok, _, wait = self.failures:look(req.client.network) end
  if not self.failures or ok then return false end
  self.logins:inc("limited")
  auth.count(self, "limited")
  return true, math.max(1, math.ceil(wait))
end


function basic:verify(req, name, password)
  local conf = self.conf
  local guessed, wait = self:has_guessed(req)
  if guessed then
    return req:refuse(429, "too_many_failures", "Too many wrong passwords from here", { ["Retry-After"] = wait })
  end
  local right, why = consumers.verify(name, password, { remember = conf.remember, timeout = conf.timeout })
  if right then
    self.logins:inc("right")
    return auth.accept(self, req, { consumer = name, method = "basic-auth" })
  end
  if right == false then
    self.logins:inc("wrong")
    if self.failures then self.failures:charge(req.client.network) end
    return auth.wrong(self, req, self.challenge, "Name or password is not right")
  end
  self.logins:inc(why)
  auth.count(self, "undecided")
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
