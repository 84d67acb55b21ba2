-- SPDX-License-Identifier: Apache-2.0
-- auth.lua - what all plugins have in common that find out who is calling: settings, answers, and what the service is told.
--
--   schema = auth.settings { ...the plugin's own... }
--   init:     return auth.init(self)
--   request:  if auth.is_known(self, req) then return end
--             no credentials of its kind    -> return auth.missing(self, req, challenge)
--             they are wrong                -> return auth.wrong(self, req, challenge, sentence)
--             they are right                -> return auth.accept(self, req, { consumer = name })
--
-- A challenge is what WWW-Authenticate says: 'Basic realm="x"'. Wrong credentials are always refused: who shows a key that
-- is none is not somebody without a key. A plugin that has set self.challenge before auth.init is also named by those above it
-- when they refuse.

local F = require "lunette.ffi"
local api_escape = require "lunette.escape"
local auth_settings = require "lunette.auth_settings"
local chain = require "lunette.chain"
local fault = require "lunette.fault"
local metrics = require "lunette.metrics"
local reserve = require "lunette.reserve"
local text = require "lunette.schema_text"

local C, cur, str, to_string = F.C, F.cur, F.str, F.string

local M = { settings = auth_settings.settings, sources = require "lunette.auth_sources" }


-- Not when the configuration has mistakes: then nobody knows any.
local function has_consumer(name)
  return C.ln_consumer_by_name(cur, name, #name) ~= C.LN_NONE
end


local counters = setmetatable({}, { __mode = "k" }) -- by plugin object
local sisters = setmetatable({}, { __mode = "k" }) -- plugin objects that auth.init has begun


-- For init of plugins without auth.init: makes the counter for auth.count.
function M.counting(self)
  counters[self] = metrics.counter("auth_requests_total",
    "Requests by what a plugin that finds out who is calling, or who may, has made of them.", { "plugin", "result" })
end


-- What became of a request. accept, wrong and missing do it themselves.
function M.count(self, result)
  local counter = counters[self]
  if counter then counter:inc(self.name, result) end
end


-- For `return` in init.
function M.init(self)
  local conf = self.conf
  M.counting(self)
  sisters[self] = true
  if conf.realm:find('[%c"\\\128-\255]') then
    return nil, "realm: expected a text without quotes, backslashes and special characters"
  end
  if conf.anonymous and not has_consumer(conf.anonymous) then
    return nil, ("anonymous: there is no consumer %s"):format(text.quote(conf.anonymous))
  end
  if conf.tell then
    reserve.header(conf.consumer_header)
    reserve.header(conf.groups_header)
    reserve.header(conf.anonymous_header)
  end
end


-- Has a plugin above proved who is calling?
function M.is_known(_, req)
  return req.client.authenticated ~= nil
end


-- A text that the header can carry, whatever a token has brought along. nil: a number that stands for others, too.
function M.header_text(name)
  if type(name) == "number" then return text.exact_number(name) end
  if name:find("^[!-~]+$") or not name:find("%c") and not name:find("^%s") and not name:find("%s$") then return name end
  return api_escape.url(name)
end


-- `lent`: nobody has proved to be that. A plugin below may still know who it is, and says so in its place.
local function tell(self, req, name, lent)
  local conf = self.conf
  if not conf.tell then return end
  req.headers[conf.anonymous_header] = lent and "true" or nil
  req.headers[conf.consumer_header] = M.header_text(name)
  if C.ln_client_groups(cur, str) == 0 then
    req.headers[conf.groups_header] = to_string(str.ptr, str.len)
  else
    req.headers[conf.groups_header] = nil
  end
end


-- For `return`: `who` as for req.client:authenticate; the method is the plugin's name unless it says another.
function M.accept(self, req, who)
  who.method = who.method or self.name
  local ok, why = req.client:authenticate(who)
  if not ok then fault.raise(why) end
  M.count(self, "accepted")
  tell(self, req, who.consumer or who.id)
end


local function join(list, more)
  return list and more and list .. ", " .. more or list or more
end


-- What a client is asked for: by this plugin, and by those above that have left the request to it.
local function challenges(req, own)
  return join(req.ctx.challenges, own)
end


-- Would a request without credentials of its kind get past it?
local function lets_past(self)
  return self.conf.otherwise == "next" or self.conf.anonymous ~= nil
end


-- Its predicate is another one's: where that fails, whoever asks still refuses.
local function takes_part(use, req)
  if not use.when then return true end
  local ok, result = pcall(use.when, req)
  return ok and result
end


-- What those below would take instead, had the client shown nothing here.
local function challenges_below(self, req)
  if not lets_past(self) then return nil end
  local uses, list = chain.uses(), nil
  for i = cur.at + 1, #uses do
    local other = uses[i].self
    if sisters[other] and takes_part(uses[i], req) then
      list = join(list, other.challenge)
      if not lets_past(other) then break end
    end
  end
  return list
end


-- The WWW-Authenticate of a refusal: all that would do.
function M.asked(self, req, challenge)
  return join(challenges(req, challenge), challenges_below(self, req))
end


-- For `return`: the credentials are not right.
function M.wrong(self, req, challenge, sentence)
  M.count(self, "wrong")
  local asked = M.asked(self, req, challenge)
  return req:refuse(401, "bad_credentials", sentence, { ["WWW-Authenticate"] = asked })
end


local function ask(req, what)
  return req:refuse(401, "no_credentials", "Credentials are needed", { ["WWW-Authenticate"] = what })
end


-- For `return`: there are none.
function M.missing(self, req, challenge)
  local conf = self.conf
  M.count(self, "missing")
  if conf.anonymous then
    local ok, why = req.client:borrow(conf.anonymous)
    if not ok then fault.raise(why) end
    tell(self, req, conf.anonymous, true)
  elseif conf.otherwise == "next" then
    req.ctx.challenges = challenges(req, challenge)
  else
    return ask(req, challenges(req, challenge))
  end
end


-- For `return`: whoever it is, or is not, may not do this. Who has shown nothing is asked for what the plugins above know.
function M.forbid(req, sentence)
  local client, asked = req.client, challenges(req)
  if asked and not client.authenticated then
    return ask(req, asked)
  end
  return req:refuse(403, "not_allowed", sentence)
end


return M
