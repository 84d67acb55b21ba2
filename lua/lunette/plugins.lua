-- SPDX-License-Identifier: Apache-2.0
-- plugins.lua - finds, loads and judges plugins, and makes one `self` per use.
--
-- A plugin is looked for as NAME.lua or NAME/init.lua in the plugin folder, then among the standard ones in the binary. It is
-- loaded once per state in an environment of its own; each use of it gets a `self` whose methods are the plugin's.

local F = require "lunette.ffi"
local api = require "lunette.api"
local fault = require "lunette.fault"
local host = require "lunette.host"
local reserved_settings = require "lunette.reserved_settings"
local sandbox = require "lunette.sandbox"
local schema = require "lunette.schema"
local schema_env = require "lunette.schema_env"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"
local zones = require "lunette.zones"
local version = require "lunette.api_version"

local C, cur = F.C, F.cur

local M = {}

M.HANDLERS = { "init", "request", "balance", "response", "body", "log", "close" }
M.LATER = { "connect", "upload", "message" }

local is_handler, is_later, all_handlers = {}, {}, {}
for _, name in ipairs(M.HANDLERS) do
  is_handler[name] = true
  all_handlers[#all_handlers + 1] = name
end
for _, name in ipairs(M.LATER) do
  is_later[name] = true
  all_handlers[#all_handlers + 1] = name
end

local PARTS = { "version", "api", "schema", "check", "buffer", "answers", "preflight" }

local folder, trusted, loaded, uses = nil, {}, {}, {}


-- Begins anew with this plugin folder (nil: none) and these trusted names.
function M.reset(plugin_folder, trusted_names)
  folder, trusted, loaded, uses = plugin_folder, trusted_names or {}, {}, {}
  zones.reset()
end


-- ---- the form of a plugin ----

local Prototype = { __metatable = "plugin" }
Prototype.__tostring = function(p) return "plugin " .. p.name end


-- A method that is nearly a handler is a typing error that would never be noticed.
function Prototype.__newindex(p, key, value)
  if is_later[key] then error(('handler %s is not available in this version'):format(text.quote(key)), 2) end
  if is_handler[key] then
    if type(value) ~= "function" then
      error(("handler %s: expected a function, got %s"):format(text.quote(key), text.show(value)), 2)
    end
  elseif type(key) == "string" and type(value) == "function" then
    local near = text.nearest(key, all_handlers)
    if near then error(("unknown handler %s; did you mean %s?"):format(text.quote(key), text.quote(near)), 2) end
  end
  rawset(p, key, value)
end


local function is_size(value)
  local n = units.bytes(value)
  return n ~= nil and n >= 1
end


local function check_parts(name, parts)
  local function refuse(message, ...)
    fault.raise(("plugin %s: %s"):format(text.quote(name), message:format(...)))
  end
  for _, key in ipairs(text.ordered_keys(parts)) do
    local known = false
    for _, part in ipairs(PARTS) do known = known or part == key end
    if not known then refuse("unknown part %s%s", text.quote(tostring(key)), text.hint(tostring(key), PARTS)) end
  end
  if type(parts.version) ~= "string" then
    refuse('version: expected a text such as "1.0.0", got %s', text.show(parts.version))
  end
  local unfit = version.refusal(parts.api, F.api_major, version.OLDEST)
  if unfit then refuse("%s", unfit) end
  if parts.check ~= nil and type(parts.check) ~= "function" then
    refuse("check: expected a function, got %s", text.show(parts.check))
  end
  if parts.buffer ~= nil and not is_size(parts.buffer) then
    refuse('buffer: expected a size such as 4096, "64k" or "1m", got %s', text.show(parts.buffer))
  end
  for _, part in ipairs { "answers", "preflight" } do
    if parts[part] ~= nil and type(parts[part]) ~= "boolean" then
      refuse("%s: expected true or false, got %s", part, text.show(parts[part]))
    end
  end
  local fields, why = schema.define(parts.schema or {})
  if not fields then refuse("%s", why) end
  return fields
end


-- The word `plugin` of one file.
local function plugin_word(expected, env_of)
  return function(name)
    if name ~= expected then
      error(("plugin %s: a plugin is named like its file, %s"):format(text.show(name), text.quote(expected)), 2)
    end
    return function(parts)
      if type(parts) ~= "table" then error("plugin: expected a table, got " .. text.show(parts), 2) end
      local fields = check_parts(name, parts)
      if parts.api < F.api_major then version.withdraw(env_of(), parts.api, require "lunette.api_doc") end
      local p = { name = name, version = parts.version, api = parts.api, schema = fields, check = parts.check }
      p.buffer = parts.buffer and units.bytes(parts.buffer)
      p.answers, p.preflight = parts.answers or false, parts.preflight or false
      p.methods = setmetatable({ name = name }, Prototype)
      loaded[name] = p
      return p.methods
    end
  end
end


-- ---- files ----

local function find(name)
  for _, form in ipairs { "%s/%s.lua", "%s/%s/init.lua" } do
    local path = folder and form:format(folder, name)
    local bytes = path and host.read(path)
    if bytes then return bytes, path end
  end
  local path = ("plugins/%s.lua"):format(name)
  return host.embedded(path), path
end


-- The names of all plugins there are, sorted.
function M.names()
  local seen, list = {}, {}
  local function add(name)
    if not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
  end
  for _, path in ipairs(host.embedded_names("plugins/")) do
    local name = path:match("^plugins/([^/]+)%.lua$")
    if name then add(name) end
  end
  for _, file in ipairs(folder and host.list(folder, ".lua") or {}) do add((file:gsub("%.lua$", ""))) end
  table.sort(list)
  return list
end


-- `require` of one plugin: modules in the folder lib beside the plugins, each loaded once per plugin.
local function require_word(env_of)
  local modules = {}
  return function(name)
    if type(name) ~= "string" or not name:find("^[%w_]+[%w_.-]*$") or name:find("..", 1, true) then
      error("require: expected the name of a module, got " .. text.show(name), 2)
    end
    if modules[name] ~= nil then return modules[name] end
    if cur.phase ~= C.LN_PHASE_LOAD and cur.phase ~= C.LN_PHASE_INIT then
      error("require: modules are loaded at the top of the file, or in init", 2)
    end
    local path = folder and ("%s/lib/%s.lua"):format(folder, (name:gsub("%.", "/")))
    local bytes = path and host.read(path)
    if not bytes then error(("require: no module %s in %s/lib"):format(text.quote(name), folder or "plugins"), 2) end
    local chunk, why = sandbox.compile(bytes, path, env_of())
    if not chunk then error(why, 0) end
    local result = chunk()
    modules[name] = result == nil and true or result
    return modules[name]
  end
end


local function environment(name)
  local words = api.words(name)
  local env
  words.plugin = plugin_word(name, function() return env end)
  words.t = schema.t
  words.require = require_word(function() return env end)
  env = sandbox.environment(words, trusted[name])
  return env
end


-- What a file has raised; a lack of memory and what is no text have no place of their own.
local function with_place(raised, path)
  if raised == "not enough memory" then collectgarbage() end -- or there would be none to report it with
  local why = type(raised) == "string" and raised or "raised " .. text.show(raised)
  return why:find("^[^:\n]+:%d+: ") and why or ("%s:1: %s"):format(path, why)
end


-- Runs the file. Returns the plugin, or nil and a message that begins with a place.
local function run_file(name, bytes, path)
  local chunk, why = sandbox.compile(bytes, path, environment(name))
  if not chunk then return nil, why end
  local before = cur.phase
  cur.phase = C.LN_PHASE_LOAD
  local ok, result = pcall(chunk)
  cur.phase = before
  if not ok then return nil, with_place(result, path) end
  local p = rawget(loaded, name)
  if not p or result ~= p.methods then
    loaded[name] = nil
    return nil, ('%s:1: expected the file to return plugin "%s" {...}'):format(path, name)
  end
  p.path, p.bytes = path, bytes
  return p
end


-- Forgets the plugin if its file has changed since it was loaded: for specs.
function M.refresh(name)
  local known = loaded[name]
  if known and known.bytes ~= find(name) then loaded[name] = nil end
  if known == false then loaded[name] = nil end
end


-- The plugin of that name; nil, a message, and true when the message was given before.
function M.load(name)
  if type(name) ~= "string" or not name:find("^[%w_-]+$") then
    return nil, "expected the name of a plugin, got " .. text.show(name)
  end
  local known = loaded[name]
  if known and known.path then return known end
  if known == false then return nil, "the plugin could not be loaded", true end
  local bytes, path = find(name)
  if not bytes then return nil, ("no plugin %s%s"):format(text.quote(name), text.hint(name, M.names())) end
  local p, why = run_file(name, bytes, path)
  if p then return p end
  loaded[name] = false
  return nil, why, false, true
end


-- ---- uses ----

local function split_settings(settings)
  local own, reserved = {}, {}
  for key, value in pairs(settings) do
    if schema.reserved[key] then reserved[key] = value else own[key] = value end
  end
  return own, reserved
end


-- The settings as the plugin sees them; nil and a sorted list of sentences.
local function configure(p, settings, place)
  if settings ~= nil and type(settings) ~= "table" then
    return nil, { "expected its settings in a table, got " .. text.show(settings) }
  end
  local own, reserved = split_settings(settings or {})
  local conf, errors = schema.check(p.schema, own, p.name, schema_env.new(place.file))
  errors = errors or {}
  reserved_settings.check(reserved, errors)
  if #errors == 0 and p.check then
    local ok, good, why = pcall(p.check, conf)
    if not ok then
      errors[1] = tostring(good)
    elseif not good then
      errors[1] = tostring(why or "the settings do not fit together")
    end
  end
  table.sort(errors)
  errors.settings = true
  if #errors > 0 then return nil, errors end
  return conf, reserved
end


local function run_init(use)
  local init = use.handlers.init
  if not init then return true end
  local before = cur.phase
  cur.phase = C.LN_PHASE_INIT
  zones.using = use
  local ok, result, why = xpcall(function() return init(use.self) end, function(e)
    return type(e) == "string" and e or "raised " .. text.show(e)
  end)
  cur.phase = before
  if not ok then return nil, result end
  if result == nil and why ~= nil then return nil, tostring(why) end
  return true
end


local function handlers_of(p)
  local out = {}
  for _, name in ipairs(M.HANDLERS) do out[name] = rawget(p.methods, name) end
  return out
end


-- A use that has no need of a handler says so in init, self.log = false, and its routes do not pay for it.
local function drop_handlers(use)
  for _, name in ipairs(M.HANDLERS) do
    if rawget(use.self, name) == false then use.handlers[name] = nil end
  end
end


-- One use of a plugin: checked, with its `self`, init done. nil and a list of sentences when something is wrong.
-- `place` = { file =, line = }.
function M.use(name, settings, place)
  local p, why, known, placed = M.load(name)
  if not p then return nil, { why }, known, placed end
  local conf, reserved = configure(p, settings, place)
  if not conf then return nil, reserved end
  local use = {
    plugin = name,
    title = reserved.name or name,
    handlers = handlers_of(p),
    on_error = reserved.on_error or "fail",
    buffer = p.buffer,
    answers = p.answers,
    preflight = p.preflight,
    when = reserved.when,
    budget = reserved_settings.budget(reserved.budget),
    file = place.file,
    line = place.line,
  }
  local methods = { __index = p.methods, __metatable = name }
  use.self = setmetatable({ conf = conf, name = use.title, when = reserved.when }, methods)
  local ok, reason = run_init(use)
  if not ok then return nil, { reason } end
  drop_handlers(use)
  uses[#uses + 1] = use
  return use
end


-- A function as a plugin with nothing but a request handler.
function M.inline(f, place, title)
  return {
    plugin = title or "function",
    title = title or "function",
    handlers = { request = function(_, req, res) return f(req, res) end },
    self = {},
    on_error = "fail",
    file = place.file,
    line = place.line,
  }
end


-- Runs the close handlers. Errors are told, and the others still run.
function M.close()
  local log = require "lunette.log"
  cur.phase = C.LN_PHASE_CLOSE
  for _, use in ipairs(uses) do
    if use.handlers.close then
      local ok, why = pcall(use.handlers.close, use.self)
      if not ok then
        log.raised(("plugin %s failed in close: %s"):format(use.title, tostring(why)), { plugin = use.title })
      end
    end
  end
  uses = {}
end


return M
