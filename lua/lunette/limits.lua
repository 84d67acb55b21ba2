-- SPDX-License-Identifier: Apache-2.0
-- limits.lua - what all plugins have in common that limit: settings, and what becomes of a request over its limit.
--
--   schema = limits.settings { ...the plugin's own... }
--   init:     limits.init(self, { code = "rate_limited", sentence = "Rate limit exceeded", ... })
--   request:  return limits.over(self, req, res, seconds)

local F = require "lunette.ffi"
local crypto = require "lunette.crypto"
local fault = require "lunette.fault"
local life = require "lunette.life"
local limits_redis = require "lunette.limits_redis"
local limits_settings = require "lunette.limits_settings"
local log = require "lunette.log"
local metrics = require "lunette.metrics"

local C, cur, RESPONSE = F.C, F.cur, F.response

local M = {
  settings = limits_settings.settings, check_redis = limits_settings.check_redis, in_redis = limits_redis.open,
}

-- How we write what answer_headers may say otherwise.
local OURS = { ["retry-after"] = "Retry-After", ["x-lunette-reason"] = "X-Lunette-Reason" }


-- Identities that say who it is and prove nothing. Others may be secrets, such as an API key, and are told by a digest.
local PLAIN = { address = true, consumer = true }


local function shown(client)
  local source, key = client.source, client.key
  if PLAIN[source] then return key end
  return ("%s:~%s"):format(source, crypto.sha256_hex(key):sub(1, 16))
end


-- Tells the client where it stands: what passes at once, how much of it is left, and the seconds until all of it is back. All
-- three are whole numbers.
function M.tell(res, most, left, reset)
  if type(most) ~= "number" or type(left) ~= "number" or type(reset) ~= "number" then
    fault.raise("limits.tell: expected a response and three numbers")
  end
  if res[1] ~= cur.serial then life.check(res, "limits.tell") end
  local rc = C.ln_headers_tell_limit(RESPONSE, most, left, reset)
  if rc == C.LN_EINVAL then
    fault.raise(("limits.tell: expected whole numbers of at least 0, got %s, %s, %s"):format(most, left, reset))
  end
  if rc ~= 0 then fault.refuse(rc, "limits.tell") end
end


-- `about`: code and sentence of a refusal; metric, the name of the counter, and its help; dry_run_header, and what, the words for
-- such a request in the log.
function M.init(self, about)
  local headers = {}
  for name, value in pairs(self.conf.answer_headers) do headers[OURS[name:lower()] or name] = value end
  local refused = metrics.counter(about.metric, about.help, { "route", "result" })
  self.over = {
    about = about, headers = headers, refused = refused,
    tells_wait = headers["Retry-After"] == nil,
    tells_code = self.conf.body ~= nil and headers["X-Lunette-Reason"] == nil, -- else req:refuse does
  }
end


local function refuse(self, req, wait, code, sentence)
  local conf, over = self.conf, self.over
  local headers = over.headers -- read before anything else runs, so one table will do
  if over.tells_wait then headers["Retry-After"] = wait and math.max(1, math.ceil(wait)) or nil end
  if conf.body == nil then return req:refuse(conf.status, code, sentence, headers) end
  if over.tells_code then headers["X-Lunette-Reason"] = code end
  return conf.status, conf.body, headers
end


-- For `return`: this request is over the limit, and passes after `wait` seconds if nobody asks in between; nil: it never does.
-- `code` and `sentence`, when it is for another reason than the plugin's own.
function M.over(self, req, res, wait, code, sentence)
  local about = self.over.about
  self.over.refused:inc(req.route, self.conf.dry_run and "dry_run" or "refused")
  if self.conf.dry_run then
    res.headers[about.dry_run_header] = "refused"
    log.info(about.what .. " was let through: dry run", { route = req.route, wait = wait, client = shown(req.client) })
    return
  end
  return refuse(self, req, wait, code or about.code, sentence or about.sentence)
end


-- For `return`: the request costs more than the limit is, so that there is no use in coming back.
function M.beyond(self, req, res)
  return M.over(self, req, res, nil, "cost_above_limit", "This request costs more than ever passes")
end


-- For `return`: Redis does not count, and nobody is to pass then: the client has not asked for too much.
function M.unknown(self, req, wait)
  self.over.refused:inc(req.route, "refused")
  return req:refuse(503, "limit_unknown", "Service Unavailable", { ["Retry-After"] = math.ceil(wait) })
end


return M
