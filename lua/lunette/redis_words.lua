-- SPDX-License-Identifier: Apache-2.0
-- redis_words.lua - commands as plugins write them, judged and made into texts. Mistakes raise at the plugin's line.

local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local type = type

local COMMANDS_MOST, WORDS_MOST = 1024, 100000

-- All requests of a worker share one connection: what would change it, or make all others wait, cannot go over it.
local PUBSUB = "there is no connection of your own to listen on"
local SHARED = "all requests share the connection; put %s into the URL"
local BLOCKS = "it would make all other requests wait"
local TRANSACTION = "r:transaction { ... } sends MULTI and EXEC around the commands"
local REFUSED = {
  SUBSCRIBE = PUBSUB, PSUBSCRIBE = PUBSUB, SSUBSCRIBE = PUBSUB, UNSUBSCRIBE = PUBSUB, PUNSUBSCRIBE = PUBSUB,
  SUNSUBSCRIBE = PUBSUB, MONITOR = PUBSUB, SYNC = PUBSUB, PSYNC = PUBSUB, REPLCONF = PUBSUB,
  AUTH = SHARED:format("user and password"), HELLO = SHARED:format("user and password"),
  SELECT = SHARED:format("the database"),
  RESET = "all requests share the connection", QUIT = "all requests share the connection",
  MULTI = TRANSACTION, EXEC = TRANSACTION, DISCARD = TRANSACTION,
  WATCH = "all requests share the connection: r:eval runs a script atomically",
  UNWATCH = "all requests share the connection: r:eval runs a script atomically",
  BLPOP = BLOCKS, BRPOP = BLOCKS, BLMOVE = BLOCKS, BLMPOP = BLOCKS, BRPOPLPUSH = BLOCKS, BZPOPMIN = BLOCKS,
  BZPOPMAX = BLOCKS, BZMPOP = BLOCKS, WAIT = BLOCKS, WAITAOF = BLOCKS,
  ASKING = "all requests share the connection", READONLY = "all requests share the connection",
  READWRITE = "all requests share the connection",
}

-- The same for commands of which only a part does that, by a word anywhere or by the first one.
local REPLIES = "all requests share the connection, and each needs its replies"
local PARTS = {
  CLIENT = { first = true, REPLY = REPLIES, TRACKING = REPLIES, CACHING = REPLIES },
  SCRIPT = { first = true, DEBUG = BLOCKS },
  XREAD = { BLOCK = BLOCKS }, XREADGROUP = { BLOCK = BLOCKS },
}

local M = {}


-- A number as Redis reads it: integers without a fraction, the rest in full.
local function number_word(n)
  if n % 1 == 0 and n > -1e15 and n < 1e15 then return ("%d"):format(n) end
  return ("%.17g"):format(n)
end


function M.refuse_word(what, at, word)
  local hint = ""
  if type(word) == "boolean" then hint = "; Redis has no booleans: send 1 and 0, or texts" end
  if type(word) == "table" then hint = "; unpack it, or use json.encode" end
  if word ~= word then hint = ", which is not a number" end
  local got = word == nil and "nil" or text.show(word)
  fault.raise(("%s: argument %d: expected a string or a number, got %s%s"):format(what, at, got, hint))
end


function M.to_word(what, at, word)
  if type(word) == "string" then return word end
  if type(word) ~= "number" or word ~= word then M.refuse_word(what, at, word) end
  return number_word(word)
end


function M.check_name(what, name)
  if type(name) ~= "string" or name == "" or name:find("[^%w_.%-]") then
    fault.raise(("%s: expected the name of a command, got %s"):format(what, text.show(name)))
  end
  local upper = name:upper()
  if REFUSED[upper] then fault.raise(("%s: %s cannot be sent: %s"):format(what, upper, REFUSED[upper])) end
end


-- The words behind the name.
local function check_parts(what, words)
  local upper = words[1]:upper()
  local parts = PARTS[upper]
  if not parts then return end
  for i = 2, parts.first and 2 or #words do
    local word = (words[i] or ""):upper()
    if word == "STREAMS" then return end -- keys follow, whatever they are called
    if parts[word] then
      fault.raise(("%s: %s %s cannot be sent: %s"):format(what, upper, word, parts[word]))
    end
  end
end


-- Judges a command that is a list of texts already.
function M.check(what, words)
  check_parts(what, words)
  return words
end


-- A command as a list of texts.
function M.to_command(what, words)
  if type(words) ~= "table" then
    fault.raise(('%s: expected commands such as { "INCR", key }, got %s'):format(what, text.show(words)))
  end
  M.check_name(what, words[1])
  local n = table.maxn(words)
  if n > WORDS_MOST then fault.raise(("%s: a command has at most %d words, got %d"):format(what, WORDS_MOST, n)) end
  local out = { words[1] }
  for i = 2, n do out[i] = M.to_word(what, i - 1, words[i]) end
  return M.check(what, out)
end


function M.to_commands(what, commands)
  if type(commands) ~= "table" then
    fault.raise(('%s: expected a list of commands such as { { "INCR", key }, ... }, got %s')
      :format(what, text.show(commands)))
  end
  local n = #commands
  if n == 0 then fault.raise(what .. ": there is no command in it") end
  if n > COMMANDS_MOST then fault.raise(("%s: at most %d commands, got %d"):format(what, COMMANDS_MOST, n)) end
  local list = {}
  for i = 1, n do list[i] = M.to_command(what .. "[" .. i .. "]", commands[i]) end
  return list
end


-- The keys or the arguments of a script.
function M.list_of(what, name, list)
  if list == nil then return {} end
  if type(list) ~= "table" then fault.raise(("%s: %s: expected a list, got %s"):format(what, name, text.show(list))) end
  local out = {}
  for i = 1, table.maxn(list) do out[i] = M.to_word(what .. ": " .. name, i, list[i]) end
  return out
end


return M
