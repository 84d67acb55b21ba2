-- SPDX-License-Identifier: Apache-2.0
-- limits_redis.lua - for plugins that limit by a script of their own in Redis: keys, patience, and who is told when Redis does
-- not count. The settings are `redis`, `timeout` and `on_down`; what holds without an answer is the plugin's business.
--
--   init:     self.shared = limits.in_redis(self, zone, store.dict(zone .. "/redis", { size = "16k" }))
--   request:  local answer = self.shared:ask(SCRIPT, self.shared:key(who), { ... }, 3) -- nil: on_down
--
-- redis() is the breaker: nobody waits while it knows that Redis is down. One that answers, but too late for us, is asked only
-- now and then.

local crypto = require "lunette.crypto"
local log = require "lunette.log"
local redis = require "lunette.redis"
local F = require "lunette.ffi"

local C = F.C

local NAME_MOST, IDENTITY_MOST = 64, 128 -- bytes in a key: longer ones are known by their digest, as in limit/tally.h
local LATE_MOST, PAUSE = 10, 1 -- late answers in a row; then one question a second
local WITHOUT = {
  ["local"] = "every gateway counts for itself", allow = "everybody passes", deny = "everybody is refused",
}

local Shared = {}
local METATABLE = { __index = Shared, __metatable = "limit in Redis" }

local M = {}


local function in_hex(byte)
  return ("%%%02X"):format(byte:byte())
end


-- ':' ends a zone, '}' what a cluster goes by, '%' begins what is written like this.
local function escape(name, is_zone)
  return (name:gsub(is_zone and "[^!-$&-9;-|~]" or "[^!-$&-|~]", in_hex))
end


-- ---- the log ----

-- Workers notice one after the other; the first one tells.
local function notice_down(self, why)
  if self.is_down then return end
  self.is_down = true
  if self.told:add("down", true) then
    log.warn(("limit %s: Redis does not count: %s; until it does, %s"):format(self.zone, why, WITHOUT[self.on_down]))
  end
end


-- Also when another one has told, who is no more.
local function notice_up(self)
  self.late = 0
  if self.heard and not self.is_down then return end
  self.is_down, self.heard = false, true
  if self.told:delete("down") then log.info(("limit %s: counted in Redis again"):format(self.zone)) end
end


-- ---- asking ----

local function is_answer(value, count)
  if type(value) ~= "table" or #value ~= count then return false end
  for i = 1, count do
    if type(value[i]) ~= "number" or value[i] < 0 then return false end
  end
  return true
end


-- Whether it is too slow for us, and somebody has tried only just now.
local function is_resting(self)
  if self.late < LATE_MOST then return false end
  local now = C.ln_time_wall()
  if math.abs(now - self.tried) < PAUSE then return true end
  self.tried = now
  return false
end


-- The key of an identity: the plugin may put more behind it.
function Shared:key(who)
  if #who > IDENTITY_MOST or who:sub(1, 1) == "~" then return ("%s~%s}"):format(self.prefix, crypto.sha256_hex(who)) end
  return ("%s%s}"):format(self.prefix, escape(who))
end


-- What the script gives, `count` whole numbers from 0; nil: Redis does not count now. A single answer that was late or lost says
-- nothing of the next.
function Shared:ask(script, key, arguments, count)
  if is_resting(self) then return nil end
  local answer, why, code = self.db:eval(script, { key }, arguments)
  if is_answer(answer, count) then
    notice_up(self)
    return answer
  end
  if code == "timeout" then
    self.late, self.tried = self.late + 1, C.ln_time_wall()
    if self.late >= LATE_MOST then notice_down(self, "it answers too late") end
  elseif code ~= "lost" then
    notice_down(self, why or "it does not answer as our scripts do")
  end
  return nil
end


-- `told`: a dictionary of the zone, where workers agree on who tells the log.
function M.open(self, zone, told)
  local conf = self.conf
  local name = #zone <= NAME_MOST and zone or crypto.sha256_hex(zone)
  return setmetatable({
    zone = zone, prefix = ("rate_limit:{%s:"):format(escape(name, true)), told = told, on_down = conf.on_down,
    db = redis.open(conf.redis, { timeout = conf.timeout }), late = 0, tried = 0, is_down = false, heard = false,
  }, METATABLE)
end


return M
