-- SPDX-License-Identifier: Apache-2.0
-- sandbox.lua - the names that plugins and route files see, and nothing else.
--
-- Each file gets a flat environment of its own with copies of the libraries, so that nothing leaks from one to another. Reading
-- or assigning a name that nobody declared is an error. There is no io, os, debug, ffi, package, collectgarbage, newproxy,
-- getfenv, setfenv, and no way to load bytecode. Plugins that gateway.yaml lists in plugins.trusted get io, os and ffi.

local host = require "lunette.host"
local match = require "lunette.match"
local tables = require "lunette.tables"
local task = require "lunette.task"
local text = require "lunette.schema_text"

local real_load, real_getmetatable, real_setmetatable = load, getmetatable, setmetatable

local M = {}

-- What the design promises for later: a clearer answer than "undeclared".
local LATER = {
  secret = true,
}

local LOAD_MOST = 65536 -- bytes: the compiler is one call of C, which nothing can stop

local ABSENT = {
  io = true, os = true, debug = true, package = true, ffi = true, collectgarbage = true, newproxy = true,
  getfenv = true, setfenv = true, dofile = true, loadfile = true, module = true, jit = true,
}

local BASE = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "tonumber",
  "tostring", "type", "unpack", "xpcall",
}



-- A copy, with some functions in place of the library's own; false: left out.
local function copy(library, instead)
  local out = {}
  for key, value in pairs(library) do out[key] = value end
  for key, value in pairs(instead or {}) do out[key] = value or nil end
  return out
end

local STRING = { dump = false, find = match.find, match = match.match, gmatch = match.gmatch, gsub = match.gsub }
local TABLE = { insert = tables.insert, sort = tables.sort }

-- Texts lead to functions of their own: ("x"):find() is the bounded one too, and there is no ("x").dump. In specs busted lives
-- in the same state, and what it has added to `string` is still found.
local methods = copy(string, STRING)
if host.spec then real_setmetatable(methods, { __index = string }) end
real_getmetatable("").__index = methods


-- Strings share one metatable in the whole state: nobody may have it.
local function safe_getmetatable(value)
  if type(value) == "string" then return false end
  return real_getmetatable(value)
end


-- A finalizer would run between any two instructions of another request.
local function safe_setmetatable(t, mt)
  if type(mt) == "table" and rawget(mt, "__gc") ~= nil then error("__gc is not available", 2) end
  return real_setmetatable(t, mt)
end


local function loaders(words, env)
  local function load_text(chunk, name, _, chunk_env)
    if type(chunk) == "function" then
      local parts = {}
      for part in chunk do
        if part == "" then break end
        parts[#parts + 1] = part
      end
      chunk = table.concat(parts)
    end
    if type(chunk) ~= "string" then error("load: expected a text, got " .. text.show(chunk), 2) end
    if #chunk > LOAD_MOST then error(("load: at most %d bytes, got %d"):format(LOAD_MOST, #chunk), 2) end
    return real_load(chunk, name or "=load", "t", chunk_env or env)
  end
  words.load, words.loadstring = load_text, function(chunk, name) return load_text(chunk, name) end
end


local function undeclared(name, words)
  name = tostring(name)
  if LATER[name] then return ("%s is not available in this version"):format(name) end
  if ABSENT[name] then return ("%s is not available here"):format(name) end
  return ("undeclared name %s%s"):format(text.quote(name), text.hint(name, text.sorted_keys(words)))
end


local function common_words()
  local words = {
    bit = copy(require "bit"),
    coroutine = copy(task.coroutine),
    math = copy(math),
    string = copy(string, STRING),
    table = copy(table, TABLE),
    getmetatable = safe_getmetatable,
    setmetatable = safe_setmetatable,
    _VERSION = _VERSION,
  }
  for _, name in ipairs(BASE) do words[name] = _G[name] end
  return words
end


-- An environment with `own` words on top of the common ones; `trusted`: with io, os and ffi. It stays empty itself, so that
-- every assignment is noticed; the words stand behind it.
function M.environment(own, trusted)
  local words, env = common_words(), {}
  for name, value in pairs(own) do words[name] = value end
  if trusted then words.io, words.os, words.ffi = io, os, require("ffi") end
  loaders(words, env)
  real_setmetatable(words, { __index = function(_, name) error(undeclared(name, words), 2) end })
  return real_setmetatable(env, {
    __index = words,
    __newindex = function(_, name)
      if rawget(words, name) ~= nil then error(("%s cannot be replaced"):format(text.quote(tostring(name))), 2) end
      error(("assignment to undeclared name %s; declare it with local"):format(text.quote(tostring(name))), 2)
    end,
    __metatable = "environment",
  })
end


-- Compiles a file; text only. Returns the function, or nil and the message of the compiler.
function M.compile(bytes, path, env)
  if bytes:sub(1, 1) == "\27" then return nil, path .. ": is bytecode; only text can be loaded" end
  return real_load(bytes, "@" .. path, "t", env)
end


return M
