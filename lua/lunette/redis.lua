-- SPDX-License-Identifier: Apache-2.0
-- redis.lua - redis(url, options): a handle whose methods are the commands of Redis; the handler waits for the answer.
--
-- What is wrong with the call itself raises at the plugin's line. Whatever happens on the way, and whatever error Redis
-- answers, is nil, a sentence and a code. Redis' nil is nil, and false inside of lists, so that they keep their length.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local task = require "lunette.task"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"
local words_of = require "lunette.redis_words"

local C, str, str2, value, to_string = F.C, F.str, F.str2, F.redis_value, F.string
local type, select, setmetatable = type, select, setmetatable

local TIMEOUT, TIMEOUT_MOST, METHODS_MOST = 1, 3600, 512
local OPTIONS = { timeout = true }

-- Kinds of values: see ln_redis_value.
local NIL, INTEGER, ARRAY, FAULT, REFUSAL = 0, 3, 4, 5, 6

local M = {
  fake = nil, -- specs answer here: fake(url, commands, unit) -> list of values; or nil, why, code
}

local states = setmetatable({}, { __mode = "k" }) -- of handles; not in them, where plugins could reach it


-- ---- what goes out ----

local function put_words(ask, words, from)
  for i = from, #words do C.ln_redis_ask_word(ask, words[i], #words[i]) end
end


-- ---- what comes back ----

local function fault_code(why)
  return why:match("^%u[%u%d]*%f[ %z]") or "ERR"
end


local take


local function take_array(ask, count)
  local list = {}
  for i = 1, count do
    local item = take(ask)
    if item == nil then item = false end
    list[i] = item
  end
  return list
end


-- The next value. An error that Redis answered is { err = sentence, code = word }.
function take(ask)
  C.ln_redis_ask_next(ask, value)
  local kind = value.kind
  if kind == NIL then return nil end
  if kind == INTEGER then return value.number end
  if kind == ARRAY then return take_array(ask, value.count) end
  local s = to_string(value.ptr, value.len)
  if kind < FAULT then return s end
  return { err = s, code = fault_code(s) }, kind == REFUSAL
end


-- As many results; or nil, why, code when Redis itself refused: then it is not for each caller to look at each of them.
local function take_results(ask, count)
  local list, refusal = {}, nil
  for i = 1, count do
    local item, refused = take(ask)
    if refused then refusal = refusal or item end
    if item == nil then item = false end
    list[i] = item
  end
  if refusal then return nil, refusal.err, refusal.code end
  return list
end


-- Waits for the replies. False and all is well, or a sentence and a code.
local function send(ask, seconds)
  local rc = C.ln_redis_ask_send(ask, seconds)
  if rc == C.LN_WAIT then
    task.wait()
  elseif rc ~= C.LN_OK then
    fault.raise("redis: nothing can wait here")
  end
  if C.ln_redis_ask_error(ask, str, str2) == C.LN_NONE then return false end
  local code, why = to_string(str.ptr, str.len), to_string(str2.ptr, str2.len)
  F.free_ask(ask)
  return ("redis: %s"):format(why), code
end


local function is_fault(result)
  return type(result) == "table" and result.err ~= nil
end


-- The one value, or nil, why, code.
local function one(result)
  if is_fault(result) then return nil, result.err, result.code end
  return result
end


-- What the handle is, and a call to be filled in; none in specs.
local function begin(what, handle)
  local state = states[handle]
  phase.check("redis calls")
  task.check_yield(what)
  if M.fake then return state end
  local ask = F.new_ask(state.use)
  if not ask then fault.raise(what .. ": nothing can wait here") end
  return state, ask
end


local function ask_fake(state, commands, unit)
  local results, why, code = M.fake(state.url, commands, unit)
  if not results then return nil, "redis: " .. tostring(why), code or "down" end
  return results
end


-- ---- methods ----

local methods = {}


local function check_handle(handle, what)
  if states[handle or false] then return end
  fault.raise(("%s: call it with a colon, r:%s(...)"):format(what, what:match("[^:]+$")))
end


local function run_one(what, handle, words)
  local state, ask = begin(what, handle)
  if not ask then
    local results, why, code = ask_fake(state, { words }, "call")
    if not results then return nil, why, code end
    return one(results[1])
  end
  C.ln_redis_ask_command(ask, #words)
  put_words(ask, words, 1)
  local why, code = send(ask, state.timeout)
  if why then return nil, why, code end
  local result = take(ask)
  F.free_ask(ask)
  return one(result)
end


-- r:call("GET", key): the command whose name is only known while running.
function methods.call(handle, ...)
  check_handle(handle, "r:call")
  local words = { ... }
  for i = 1, select("#", ...) do
    if words[i] == nil then words_of.refuse_word("r:call", i - 1, nil) end
  end
  return run_one("r:call", handle, words_of.to_command("r:call", words))
end


local function run_many(what, handle, commands, unit)
  local state, ask = begin(what, handle)
  if not ask then return ask_fake(state, commands, unit) end
  for i = 1, #commands do
    C.ln_redis_ask_command(ask, #commands[i])
    put_words(ask, commands[i], 1)
  end
  local why, code = send(ask, state.timeout)
  if why then return nil, why, code end
  local results, refusal, code_of = take_results(ask, #commands)
  F.free_ask(ask)
  return results, refusal, code_of
end


-- Several commands in one round trip; others' may run in between. A list of their results, errors as { err =, code = }; or nil,
-- why, code when Redis was not reached, or cannot do any such thing now (a replica, full, loading).
function methods.pipeline(handle, commands)
  check_handle(handle, "r:pipeline")
  return run_many("r:pipeline", handle, words_of.to_commands("r:pipeline", commands), "pipeline")
end


local MULTI, EXEC = { "MULTI" }, { "EXEC" }


-- The first command that was refused while queueing says why the whole was.
local function result_of(results)
  local last = results[#results]
  if not is_fault(last) then return last end
  for i = 1, #results do
    if is_fault(results[i]) then return nil, results[i].err, last.code end
  end
end


-- Several commands in one round trip, and nothing of others in between: MULTI and EXEC. Results as those of r:pipeline.
function methods.transaction(handle, commands)
  check_handle(handle, "r:transaction")
  local list = words_of.to_commands("r:transaction", commands)
  if M.fake then return run_many("r:transaction", handle, list, "transaction") end
  table.insert(list, 1, MULTI)
  list[#list + 1] = EXEC
  local results, why, code = run_many("r:transaction", handle, list, "transaction")
  if not results then return nil, why, code end
  return result_of(results)
end


local function script_of(state, script)
  local known = state.scripts[script]
  if known == nil and state.use then
    known = C.ln_redis_use_script(state.use, script, #script)
    if known == nil then return nil end
    state.scripts[script] = known
  end
  return known
end


local function put_script(state, ask, script, keys, args)
  local known = script_of(state, script)
  local count = tostring(#keys)
  if known then
    C.ln_redis_ask_script(ask, known, 1 + #keys + #args)
  else -- more scripts than one remembers: they are made while running
    C.ln_redis_ask_command(ask, 3 + #keys + #args)
    C.ln_redis_ask_word(ask, "EVAL", 4)
    C.ln_redis_ask_word(ask, script, #script)
  end
  C.ln_redis_ask_word(ask, count, #count)
  put_words(ask, keys, 1)
  put_words(ask, args, 1)
end


-- Runs a script in Redis, atomically: r:eval(script, { key, ... }, { argument, ... }). Sent by its digest when Redis knows it.
function methods.eval(handle, script, keys, args)
  check_handle(handle, "r:eval")
  if type(script) ~= "string" or script == "" then
    fault.raise("r:eval: expected a script, got " .. text.show(script))
  end
  keys, args = words_of.list_of("r:eval", "keys", keys), words_of.list_of("r:eval", "args", args)
  local state, ask = begin("r:eval", handle)
  if not ask then
    local words = { "EVAL", script, tostring(#keys) }
    for _, list in ipairs { keys, args } do
      for _, word in ipairs(list) do words[#words + 1] = word end
    end
    local results, why, code = ask_fake(state, { words }, "call")
    if not results then return nil, why, code end
    return one(results[1])
  end
  put_script(state, ask, script, keys, args)
  local why, code = send(ask, state.timeout)
  if why then return nil, why, code end
  local result = take(ask)
  F.free_ask(ask)
  return one(result)
end


-- ---- handles ----

local made, made_count = {}, 0 -- command -> method, made when first used


local function new_method(name)
  local what, upper = "r:" .. name, name:upper()
  return function(handle, ...)
    check_handle(handle, what)
    local n = select("#", ...)
    local words = { upper, ... }
    for i = 1, n do words[i + 1] = words_of.to_word(what, i, words[i + 1]) end
    return run_one(what, handle, words_of.check(what, words))
  end
end


local function method_of(_, name)
  local method = methods[name] or made[name]
  if method then return method end
  words_of.check_name("redis", name)
  method = new_method(name)
  if made_count < METHODS_MOST then
    made[name], made_count = method, made_count + 1
  end
  return method
end


local Handle = {
  __index = method_of,
  __newindex = function() fault.raise("a Redis handle cannot be assigned to") end,
  __tostring = function() return "redis" end,
  __metatable = "redis",
}


local function seconds_of(options)
  if options == nil then return TIMEOUT end
  if type(options) ~= "table" then fault.raise("redis: expected a table of options, got " .. text.show(options)) end
  for name in pairs(options) do
    if not OPTIONS[name] then
      fault.raise(("redis: unknown option %s%s")
        :format(text.quote(tostring(name)), text.hint(tostring(name), text.sorted_keys(OPTIONS))))
    end
  end
  if options.timeout == nil then return TIMEOUT end
  local seconds = units.seconds(options.timeout)
  if seconds and seconds > 0 and seconds <= TIMEOUT_MOST then return seconds end
  fault.raise('redis: timeout: expected a duration such as 0.05, "50ms" or "1s", got ' .. text.show(options.timeout))
end


-- redis(url, { timeout = }): a handle; opened in init, or at the top of a file of routes.
function M.open(url, options)
  phase.check("redis")
  if type(url) ~= "string" then
    fault.raise('redis: expected a URL such as "redis://localhost:6379", got ' .. text.show(url))
  end
  local seconds = seconds_of(options)
  local address, why = host.redis(url)
  if not address then fault.raise("redis: " .. why) end
  local handle = setmetatable({}, Handle)
  states[handle] = { use = F.redis(address), url = url, timeout = seconds, scripts = {} }
  return handle
end


M.methods = methods -- those that are no commands

return M
