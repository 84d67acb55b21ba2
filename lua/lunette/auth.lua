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
local log = require "lunette.log"
local metrics = require "lunette.metrics"
local reserve = require "lunette.reserve"
local text = require "lunette.schema_text"

local QUIET = 1 -- seconds from the line that somebody is away to the earliest that they are back

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


-- ---- those who are asked ----

-- What is wrong with the address of a service that is asked, or nil. It is not shown: it may have secrets.
function M.url_fault(url)
  if url:find("^%a[%w+.-]*://[^/?#]*@") then return "a name and a password in it cannot be sent" end
  if not url:find("^[Hh][Tt][Tt][Pp]://") then
    return "expected a URL that begins with http://: this version has no TLS"
  end
end


-- Such an address as log lines may show it: scheme, host and path.
function M.shown_url(url)
  return (url:gsub("[?#].*$", ""):gsub("^(%a[%w+.-]*://)[^/]*@", "%1"))
end


local Outage = {}
Outage.__index = Outage


-- Somebody who is asked: of which there is one line in the log when they stop answering and one when they answer again, of all
-- workers, however many requests find out. `dict` is of store.dict.
function M.outage(dict, name, fields)
  return setmetatable({ dict = dict, away = "away " .. name, quiet = "quiet " .. name, fields = fields }, Outage)
end


local function say(self, level, sentence, more)
  local fields = {}
  for key, value in pairs(self.fields) do fields[key] = value end
  for key, value in pairs(more or {}) do fields[key] = value end
  log[level](sentence, fields)
end


function Outage:begins(sentence, fields)
  if not self.dict:add(self.away, true) then return end
  self.dict:set(self.quiet, true, QUIET)
  say(self, "warn", sentence, fields)
end


-- One who answers now and then is away: nobody needs a line for each time.
function Outage:ends(sentence)
  if not self.dict:get(self.away) or self.dict:get(self.quiet) then return end
  self.dict:delete(self.away)
  say(self, "info", sentence)
end


return M
