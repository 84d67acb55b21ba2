-- SPDX-License-Identifier: Apache-2.0
-- fake_redis_data.lua - what the Redis of specs holds, and its commands: values as Redis would answer them.
--
-- A key holds { kind =, value =, ends = }. Texts are texts; a hash and a set are tables; a list is a list; a sorted set
-- maps members to scores. nil is Redis' nil; an error is { err = sentence, code = word }.

local M = {}

local run = {} -- NAME -> { kind of the key or nil, fewest words, f(db, words, entry) }


local function fail(why)
  return { err = why, code = why:match("^%u+") }
end

local WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
local NOT_INTEGER = "ERR value is not an integer or out of range"
local NOT_FLOAT = "ERR value is not a valid float"
local SYNTAX = "ERR syntax error"
local MAKE = { hash = true, list = true, set = true, zset = true }


function M.new(clock)
  return { keys = {}, clock = clock }
end


local function find(db, key)
  local entry = db.keys[key]
  if entry and entry.ends and entry.ends <= db.clock() then
    db.keys[key] = nil
    return nil
  end
  return entry
end


local function is_empty(entry)
  return MAKE[entry.kind] and next(entry.value) == nil
end


-- Declares a command. `kind`: what its key holds; "make": made when it is not there.
local function command(names, kind, fewest, f, make)
  for name in names:gmatch("%S+") do run[name] = { kind = kind, fewest = fewest, f = f, make = make } end
end


local function integer(word)
  local n = tonumber(word)
  if n and n % 1 == 0 and word:find("^[+-]?%d+$") then return n end
end


local function print_number(n)
  return ("%.17g"):format(n)
end


local function sorted(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = key end
  table.sort(list)
  return list
end


function M.knows(name)
  return run[name] ~= nil
end


function M.names()
  return sorted(run)
end


function M.run(db, name, words)
  local c = run[name]
  if #words < c.fewest + 1 then return fail(("ERR wrong number of arguments for '%s' command"):format(name:lower())) end
  if not c.kind then return c.f(db, words) end
  local entry = find(db, words[2])
  if entry and entry.kind ~= c.kind then return fail(WRONG_TYPE) end
  if not entry and c.make then
    entry = { kind = c.kind, value = MAKE[c.kind] and {} or nil }
    db.keys[words[2]] = entry
  end
  local value = c.f(db, words, entry)
  if entry and (entry.value == nil or is_empty(entry)) then db.keys[words[2]] = nil end
  return value
end


-- ---- keys ----

local function each_key(f)
  return function(db, words)
    local n = 0
    for i = 2, #words do
      if f(db, words[i]) then n = n + 1 end
    end
    return n
  end
end


command("PING", nil, 0, function(_, words) return words[2] or "PONG" end)
command("ECHO", nil, 1, function(_, words) return words[2] end)
command("DEL UNLINK", nil, 1, each_key(function(db, key)
  local entry = find(db, key)
  db.keys[key] = nil
  return entry
end))
command("EXISTS", nil, 1, each_key(find))
command("TYPE", nil, 1, function(db, words)
  local entry = find(db, words[2])
  return entry and entry.kind or "none"
end)
command("FLUSHDB FLUSHALL", nil, 0, function(db)
  db.keys = {}
  return "OK"
end)
command("TIME", nil, 0, function(db)
  local now = db.clock()
  return { ("%d"):format(now), ("%d"):format(now % 1 * 1e6) }
end)


local CONDITIONS = {
  NX = function(old) return not old end,
  XX = function(old) return old end,
  GT = function(old, new) return old and new > old end,
  LT = function(old, new) return not old or new < old end,
}


local function expire(unit, absolute)
  return function(db, words)
    local n, entry = integer(words[3]), find(db, words[2])
    if not n then return fail(NOT_INTEGER) end
    if not entry then return 0 end
    local ends = (absolute and 0 or db.clock()) + n / unit
    local allowed = CONDITIONS[(words[4] or ""):upper()]
    if allowed and not allowed(entry.ends, ends) then return 0 end
    entry.ends = ends
    return 1
  end
end


local function ttl(unit)
  return function(db, words)
    local entry = find(db, words[2])
    if not entry then return -2 end
    if not entry.ends then return -1 end
    return math.floor((entry.ends - db.clock()) * unit + 0.5)
  end
end


command("EXPIRE", nil, 2, expire(1))
command("PEXPIRE", nil, 2, expire(1000))
command("EXPIREAT", nil, 2, expire(1, true))
command("PEXPIREAT", nil, 2, expire(1000, true))
command("TTL", nil, 1, ttl(1))
command("PTTL", nil, 1, ttl(1000))
command("PERSIST", nil, 1, function(db, words)
  local entry = find(db, words[2])
  if not entry or not entry.ends then return 0 end
  entry.ends = nil
  return 1
end)

-- ---- texts and counters ----


local function read_set_options(words)
  local o = {}
  local i = 4
  while words[i] do
    local name = words[i]:upper()
    if name == "EX" or name == "PX" then
      local n = words[i + 1] and integer(words[i + 1])
      if not n or n <= 0 then return nil, "ERR invalid expire time in 'set' command" end
      o.ttl = name == "EX" and n or n / 1000
      i = i + 1
    elseif name == "NX" or name == "XX" or name == "GET" or name == "KEEPTTL" then
      o[name] = true
    else
      return nil, SYNTAX
    end
    i = i + 1
  end
  return o
end


command("SET", nil, 2, function(db, words)
  local o, why = read_set_options(words)
  if not o then return fail(why) end
  local old = find(db, words[2])
  if o.GET and old and old.kind ~= "string" then return fail(WRONG_TYPE) end
  local before = old and old.value
  if (o.NX and old) or (o.XX and not old) then return o.GET and before or nil end
  local ends = o.ttl and db.clock() + o.ttl or (o.KEEPTTL and old and old.ends) or nil
  db.keys[words[2]] = { kind = "string", value = words[3], ends = ends }
  if o.GET then return before end
  return "OK"
end)
command("GET", "string", 1, function(_, _, entry) return entry and entry.value end)
command("STRLEN", "string", 1, function(_, _, entry) return entry and #entry.value or 0 end)
command("APPEND", "string", 2, function(_, words, entry)
  entry.value = (entry.value or "") .. words[3]
  return #entry.value
end, true)
command("GETSET", "string", 2, function(_, words, entry)
  local old = entry.value
  entry.value, entry.ends = words[3], nil
  return old
end, true)
command("GETDEL", "string", 1, function(_, _, entry)
  if not entry then return nil end
  local old = entry.value
  entry.value = nil
  return old
end)
command("SETNX", "string", 2, function(_, words, entry)
  if entry.value then return 0 end
  entry.value = words[3]
  return 1
end, true)


local function set_for(unit)
  return function(db, words, entry)
    local n = integer(words[3])
    if not n or n <= 0 then return fail("ERR invalid expire time") end
    entry.value, entry.ends = words[4], db.clock() + n / unit
    return "OK"
  end
end


command("SETEX", "string", 3, set_for(1), true)
command("PSETEX", "string", 3, set_for(1000), true)
command("MGET", nil, 1, function(db, words)
  local out = {}
  for i = 2, #words do
    local entry = find(db, words[i])
    out[i - 1] = entry and entry.kind == "string" and entry.value or false
  end
  return out
end)
command("MSET", nil, 2, function(db, words)
  for i = 2, #words, 2 do db.keys[words[i]] = { kind = "string", value = words[i + 1] } end
  return "OK"
end)


local function add(sign, by_word)
  return function(_, words, entry)
    local by = by_word and integer(words[3]) or (not by_word and 1) or nil
    local old = integer(entry.value or "0")
    if not by or not old then return fail(NOT_INTEGER) end
    entry.value = ("%d"):format(old + sign * by)
    return old + sign * by
  end
end


command("INCR", "string", 1, add(1), true)
command("DECR", "string", 1, add(-1), true)
command("INCRBY", "string", 2, add(1, true), true)
command("DECRBY", "string", 2, add(-1, true), true)
command("INCRBYFLOAT", "string", 2, function(_, words, entry)
  local by, old = tonumber(words[3]), tonumber(entry.value or "0")
  if not by or not old then return fail(NOT_FLOAT) end
  entry.value = print_number(old + by)
  return entry.value
end, true)


M.tools = {
  command = command, fail = fail, integer = integer, print_number = print_number, sorted = sorted,
  NOT_INTEGER = NOT_INTEGER, NOT_FLOAT = NOT_FLOAT, SYNTAX = SYNTAX,
}

require "lunette.fake_redis_sets"(M.tools)

return M
