-- SPDX-License-Identifier: Apache-2.0
-- fake_redis.lua - a small Redis in memory for specs, on their virtual clock: `gate.redis`.
--
--   gate.redis:down()                               every call fails; :up() ends that
--   gate.redis:down("timeout")                      ... with that code
--   gate.redis:on("EVAL", function(script, n, ...) return { 1, 9 } end)
--   gate.redis:get("key")                           what plugins have written; any command, as a spec sees it
--   gate.redis.calls                                every command that came, { "INCR", "k" }
--
-- One server for all URLs; databases are not told apart. It knows texts, counters, expiry, hashes, lists, sets and sorted
-- sets as far as plugins use them. Scripts do not run: :on("EVAL", f) plays them. A command that it does not know is an
-- error of the handler, not an answer, so that no spec passes by accident.

local data = require "lunette.fake_redis_data"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local M = {}
M.__index = M


-- `clock` gives the seconds.
function M.new(clock)
  return setmetatable({ clock = clock }, M):reset()
end


-- Empty, up and with no answers of the spec's.
function M:reset()
  self.store, self.answers, self.calls, self.why = data.new(self.clock), {}, {}, nil
  return self
end


local REASONS = {
  down = "there is no connection, and none could be made",
  timeout = "no answer within the timeout: the command may still run",
}


-- From now on every call fails, as if there were no Redis: with the code "down", or another one.
function M:down(code)
  self.why = code or "down"
end


function M:up()
  self.why = nil
end


-- Plays a command: f(word, ...) gives the value, or nil and the sentence of an error such as "OOM command not allowed".
function M:on(command, f)
  if type(command) ~= "string" or type(f) ~= "function" then
    error('gate.redis:on: expected the name of a command and a function, such as ("EVAL", function() return 1 end)', 2)
  end
  self.answers[command:upper()] = f
  return self
end


local function play(f, words)
  local value, why = f(unpack(words, 2, table.maxn(words)))
  if value == nil and why ~= nil then return { err = why, code = why:match("^%u[%u%d]*%f[ %z]") or "ERR" } end
  return value
end


local function run(self, words)
  local name = words[1]:upper()
  local f = self.answers[name]
  if f then return play(f, words) end
  if name:find("^EVAL") then
    fault.raise('gate.redis: scripts do not run in specs: say what it gives with '
      .. 'gate.redis:on("EVAL", function(script, n, ...) end)')
  end
  if not data.knows(name) then
    fault.raise(("gate.redis does not know %s; say what it gives with gate.redis:on(%q, function(...) end)%s")
      :format(name, name, text.hint(name, data.names())))
  end
  return data.run(self.store, name, words)
end


-- What redis() asks: see lunette.redis. One command is as good as another: each runs as a whole.
function M:answer(_, commands)
  if self.why then return nil, REASONS[self.why] or self.why, self.why end
  local results = {}
  for i, words in ipairs(commands) do
    self.calls[#self.calls + 1] = words
    local value = run(self, words)
    if value == nil and #commands > 1 then value = false end
    results[i] = value
  end
  return results
end


-- For specs: gate.redis:get("k") runs a command and gives its value, or raises its error.
local function ask(name)
  return function(self, ...)
    local words = { name, ... }
    for i = 2, table.maxn(words) do words[i] = tostring(words[i]) end
    local value = data.run(self.store, name:upper(), words)
    if type(value) == "table" and value.err then error("gate.redis: " .. value.err, 2) end
    return value
  end
end


setmetatable(M, {
  __index = function(_, name)
    if type(name) == "string" and data.knows(name:upper()) then return ask(name) end
  end,
})


return M
