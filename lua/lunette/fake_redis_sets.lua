-- SPDX-License-Identifier: Apache-2.0
-- fake_redis_sets.lua - hashes, lists, sets and sorted sets of the Redis of specs: see fake_redis_data.lua.

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end


-- Redis' indexes: from 0, negative ones from the end. As those of Lua, within 1 and n.
local function range(from, to, n)
  if from < 0 then from = math.max(from + n, 0) end
  if to < 0 then to = to + n end
  return from + 1, math.min(to + 1, n)
end


local function slice(list, from, to)
  local out = {}
  for i = from, to do out[#out + 1] = list[i] end
  return out
end


local function hashes(t)
  local command = t.command
  command("HSET HMSET", "hash", 3, function(_, words, entry)
    local new = 0
    for i = 3, #words, 2 do
      if entry.value[words[i]] == nil then new = new + 1 end
      entry.value[words[i]] = words[i + 1] or ""
    end
    return words[1]:upper() == "HMSET" and "OK" or new
  end, true)
  command("HSETNX", "hash", 3, function(_, words, entry)
    if entry.value[words[3]] then return 0 end
    entry.value[words[3]] = words[4]
    return 1
  end, true)
  command("HGET", "hash", 2, function(_, words, entry) return entry and entry.value[words[3]] end)
  command("HEXISTS", "hash", 2, function(_, words, entry) return entry and entry.value[words[3]] and 1 or 0 end)
  command("HLEN", "hash", 1, function(_, _, entry) return entry and count(entry.value) or 0 end)
  command("HKEYS", "hash", 1, function(_, _, entry) return entry and t.sorted(entry.value) or {} end)
  command("HMGET", "hash", 2, function(_, words, entry)
    local out = {}
    for i = 3, #words do out[i - 2] = entry and entry.value[words[i]] or false end
    return out
  end)
  command("HGETALL", "hash", 1, function(_, _, entry)
    local out = {}
    for _, field in ipairs(entry and t.sorted(entry.value) or {}) do
      out[#out + 1] = field
      out[#out + 1] = entry.value[field]
    end
    return out
  end)
  command("HDEL", "hash", 2, function(_, words, entry)
    local gone = 0
    for i = 3, #words do
      if entry and entry.value[words[i]] then
        entry.value[words[i]] = nil
        gone = gone + 1
      end
    end
    return gone
  end)
  command("HINCRBY", "hash", 3, function(_, words, entry)
    local old, by = t.integer(entry.value[words[3]] or "0"), t.integer(words[4])
    if not old or not by then return t.fail(t.NOT_INTEGER) end
    entry.value[words[3]] = ("%d"):format(old + by)
    return old + by
  end, true)
end


local function lists(t)
  local command = t.command


  local function push(at_front)
    return function(_, words, entry)
      for i = 3, #words do
        table.insert(entry.value, at_front and 1 or #entry.value + 1, words[i])
      end
      return #entry.value
    end
  end


  local function pop(from_front)
    return function(_, words, entry)
      if not entry then return nil end
      if not words[3] then return table.remove(entry.value, from_front and 1 or #entry.value) end
      local out = {}
      for _ = 1, math.min(t.integer(words[3]) or 0, #entry.value) do
        out[#out + 1] = table.remove(entry.value, from_front and 1 or #entry.value)
      end
      return out
    end
  end


  command("LPUSH", "list", 2, push(true), true)
  command("RPUSH", "list", 2, push(false), true)
  command("LPOP", "list", 1, pop(true))
  command("RPOP", "list", 1, pop(false))
  command("LLEN", "list", 1, function(_, _, entry) return entry and #entry.value or 0 end)
  command("LINDEX", "list", 2, function(_, words, entry)
    local at = t.integer(words[3])
    if not at then return t.fail(t.NOT_INTEGER) end
    if at < 0 then at = at + (entry and #entry.value or 0) end
    return entry and entry.value[at + 1]
  end)
  command("LRANGE", "list", 3, function(_, words, entry)
    local from, to = t.integer(words[3]), t.integer(words[4])
    if not from or not to then return t.fail(t.NOT_INTEGER) end
    return entry and slice(entry.value, range(from, to, #entry.value)) or {}
  end)
  command("LTRIM", "list", 3, function(_, words, entry)
    local from, to = t.integer(words[3]), t.integer(words[4])
    if not from or not to then return t.fail(t.NOT_INTEGER) end
    if entry then entry.value = slice(entry.value, range(from, to, #entry.value)) end
    return "OK"
  end)
end


local function sets(t)
  local command = t.command


  local function change(value)
    return function(_, words, entry)
      local n = 0
      for i = 3, #words do
        if entry and (entry.value[words[i]] or nil) ~= value then
          entry.value[words[i]] = value
          n = n + 1
        end
      end
      return n
    end
  end


  command("SADD", "set", 2, change(true), true)
  command("SREM", "set", 2, change(nil))
  command("SISMEMBER", "set", 2, function(_, words, entry) return entry and entry.value[words[3]] and 1 or 0 end)
  command("SMEMBERS", "set", 1, function(_, _, entry) return entry and t.sorted(entry.value) or {} end)
  command("SCARD", "set", 1, function(_, _, entry) return entry and count(entry.value) or 0 end)
end


-- Members by score, then by name.
local function ranked(entry)
  local list = {}
  for member, score in pairs(entry and entry.value or {}) do list[#list + 1] = { member, score } end
  table.sort(list, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[1] < b[1]
  end)
  return list
end


local function score_of(word)
  local low = word:lower()
  if low == "-inf" then return -math.huge end
  if low == "+inf" or low == "inf" then return math.huge end
  return tonumber(word)
end


-- "5", "(5", "-inf": a test of scores.
local function bound(word, is_lower)
  local open, number = word:match("^(%(?)(.+)$")
  local limit = number and score_of(number)
  if not limit then return nil end
  return function(score)
    if open == "(" and score == limit then return false end
    if is_lower then return score >= limit end
    return score <= limit
  end
end


local function by_score(words, entry)
  local above, below = bound(words[3], true), bound(words[4], false)
  if not above or not below then return nil end
  local out = {}
  for _, pair in ipairs(ranked(entry)) do
    if above(pair[2]) and below(pair[2]) then out[#out + 1] = pair end
  end
  return out
end


local function print_members(t, list, with_scores)
  local out = {}
  for _, pair in ipairs(list) do
    out[#out + 1] = pair[1]
    if with_scores then out[#out + 1] = t.print_number(pair[2]) end
  end
  return out
end


local function remove(entry, list)
  for _, pair in ipairs(list) do entry.value[pair[1]] = nil end
  return #list
end


local function sorted_sets(t)
  local command, BOUND = t.command, "ERR min or max is not a float"
  command("ZADD", "zset", 3, function(_, words, entry)
    local new, from, only_new = 0, 3, (words[3] or ""):upper() == "NX"
    if only_new then from = 4 end
    for i = from, #words, 2 do
      local score = score_of(words[i])
      if not score or not words[i + 1] then return t.fail(t.NOT_FLOAT) end
      local old = entry.value[words[i + 1]]
      if not old then new = new + 1 end
      if not (old and only_new) then entry.value[words[i + 1]] = score end
    end
    return new
  end, true)
  command("ZINCRBY", "zset", 3, function(_, words, entry)
    local by = score_of(words[3])
    if not by then return t.fail(t.NOT_FLOAT) end
    entry.value[words[4]] = (entry.value[words[4]] or 0) + by
    return t.print_number(entry.value[words[4]])
  end, true)
  command("ZSCORE", "zset", 2, function(_, words, entry)
    local score = entry and entry.value[words[3]]
    return score and t.print_number(score)
  end)
  command("ZCARD", "zset", 1, function(_, _, entry) return entry and count(entry.value) or 0 end)
  command("ZREM", "zset", 2, function(_, words, entry)
    local gone = 0
    for i = 3, #words do
      if entry and entry.value[words[i]] then
        entry.value[words[i]] = nil
        gone = gone + 1
      end
    end
    return gone
  end)
  command("ZCOUNT", "zset", 3, function(_, words, entry)
    local list = by_score(words, entry)
    return list and #list or t.fail(BOUND)
  end)
  command("ZRANGEBYSCORE", "zset", 3, function(_, words, entry)
    local list = by_score(words, entry)
    return list and print_members(t, list, (words[5] or ""):upper() == "WITHSCORES") or t.fail(BOUND)
  end)
  command("ZREMRANGEBYSCORE", "zset", 3, function(_, words, entry)
    local list = by_score(words, entry)
    return list and (entry and remove(entry, list) or 0) or t.fail(BOUND)
  end)
  command("ZRANGE", "zset", 3, function(_, words, entry)
    local from, to, list = t.integer(words[3]), t.integer(words[4]), ranked(entry)
    if not from or not to then return t.fail(t.NOT_INTEGER) end
    return print_members(t, slice(list, range(from, to, #list)), (words[5] or ""):upper() == "WITHSCORES")
  end)
  command("ZREMRANGEBYRANK", "zset", 3, function(_, words, entry)
    local from, to, list = t.integer(words[3]), t.integer(words[4]), ranked(entry)
    if not from or not to then return t.fail(t.NOT_INTEGER) end
    return entry and remove(entry, slice(list, range(from, to, #list))) or 0
  end)
end


-- Adds its commands with the tools of fake_redis_data.lua.
return function(t)
  hashes(t)
  lists(t)
  sets(t)
  sorted_sets(t)
end
