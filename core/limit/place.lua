-- SPDX-License-Identifier: Apache-2.0
-- The part of the scripts that comes first: where an algorithm keeps what it knows of a client.
--
-- Under the key, unless another algorithm counts there: two limits have been given one name, or gateways are on their way to
-- another algorithm. Then under the key with the name of the algorithm behind it, on the same node, so that each counts in
-- full and neither begins anew because of the other. What is ours always expires; what does not is no count of anybody's.
local FORMS = {
  gcra = "^gcra %d+:%d+:%d+$", sliding_window = "^window %d+:%d+:%d+:%d+$", fixed_window = "^%d+$",
}


local function is_of(name, value)
  return value:find(FORMS[name]) ~= nil and (name ~= "fixed_window" or #value <= 15)
end


-- The algorithm whose count this is; nil: nobody's.
local function owner_of(key, value)
  if type(value) ~= "string" then return redis.call("TYPE", key).ok == "zset" and "sliding_log" or nil end
  for name in pairs(FORMS) do
    if is_of(name, value) then return name end
  end
end


-- For `name`, that does not find its own at the key but `value` (false: nothing): where it counts. What is nobody's goes.
local function place_of(key, name, value)
  local aside = key .. ":" .. name
  local owner = value and owner_of(key, value)
  if owner and redis.call("PTTL", key) > 0 then return aside end
  if value then redis.call("DEL", key) end
  return redis.call("EXISTS", aside) == 1 and aside or key
end


-- Where it counts and what stands there, for algorithms that keep a text; false: nothing of its own.
local function read_text(key, name)
  local value = redis.pcall("GET", key)
  if type(value) == "string" and is_of(name, value) then return key, value end
  local place = place_of(key, name, value)
  if place == key then return key, false end
  value = redis.pcall("GET", place)
  if type(value) == "string" and is_of(name, value) then return place, value end
  redis.call("DEL", place)
  return place, false
end


-- The same for the log, which is a sorted set.
local function log_key(key)
  local kind = redis.call("TYPE", key).ok
  if kind == "zset" then return key end
  return place_of(key, "sliding_log", kind == "string" and redis.call("GET", key) or kind ~= "none" and {})
end
