-- SPDX-License-Identifier: Apache-2.0
-- tools/compile.lua - `lunette doctor --jit`: runs the handlers of every route, and of every standard plugin, often enough to
-- become hot, and tells where they stay interpreted.
--
-- Standard plugins get settings that exercise them; routes run with those of the configuration. There are no sockets: what a
-- handler asks of another service gets an empty answer at once.

local gate = require "lunette.spec"
local host = require "lunette.host"
local json = require "lunette.json"
local traces = require "lunette.tools.traces"
local world = require "lunette.world"

local M = {}

local native = host.spec

local ROUNDS, REQUESTS = 2000, 16
local ROUTES_MAX = 200 -- of a large configuration the first ones, by distinct chains

-- A value for each type of setting.
local SAMPLES = {
  string = "sample", integer = 1, number = 1, boolean = true, rate = "1000000/s", duration = "30s", size = "64k",
  url = "http://localhost:1/", header_name = "X-Sample", header_value = "sample", content = "sample",
  cidr = "10.0.0.0/8", pattern = "sample", template = "{req.path}", secret = "sample", service = "sample",
}

-- What a sample of each type does not make sense for.
local EXAMPLES = {
  access = { deny = { { path = { "/admin/*" }, client = { "consumer:eve" }, header = { ["X-A"] = "*" } } } },
  ["body-transform"] = { request = { remove = { "a" } }, response = { set = { a = 1 } } },
  cors = { origins = { "https://*.example.com" }, credentials = true },
  fault = { delay = { time = 0.001, upto = 0.002, share = 50 }, abort = { share = 9 }, only = { ["X-Api-Key"] = "*" } },
  ["forward-auth"] = { url = "http://localhost:1/", cache = 60 },
  ["hmac-auth"] = { secrets = { sample = ("s"):rep(32) }, otherwise = "next" },
  jwt = { algorithms = { "HS256" }, secret = ("s"):rep(32), otherwise = "next" },
  ["rate-limit"] = { rate = "1000000/s", burst = 1000000 },
  ["ip-restriction"] = { allow = { "10.0.0.0/8" }, deny = { "10.9.0.0/16" } },
  mirror = { url = "http://localhost:1", headers = { "*" }, share = 50 },
  ["path-rewrite"] = { strip = "/rest", prefix = "/v2" },
  redirect = { to = "/new{req.path}" },
}


local function sample(t)
  if t.kind == "oneof" then return t[1] end
  if t.kind == "list" then return { sample(t[1]) } end
  if t.kind == "map" then return { ["X-Sample"] = sample(t[2] or t[1]) } end
  if t.kind == "edits" then return { set = { ["X-Sample"] = "1" }, remove = { "X-Other" } } end
  if t.kind == "record" then
    local value = {}
    for name, field in pairs(t[1]) do value[name] = sample(field) end
    return value
  end
  local value = SAMPLES[t.kind]
  if type(value) == "number" and type(t.min) == "number" then value = math.max(value, t.min) end
  return value
end


-- Settings for a plugin: all that have no default, or only those that it cannot do without.
local function settings_for(schema, all)
  local settings = {}
  for name, t in pairs(schema) do
    if t.required or all and t.default == nil then settings[name] = sample(t) end
  end
  return settings
end


-- Whatever is asked of other services has an empty answer.
local function answer_everything()
  for _, method in ipairs { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" } do
    gate.http:on(method .. " *", 200, {})
  end
end


local function requests_for(route)
  local list, path = {}, (route.path or "/"):gsub(":[%w_]+", "7"):gsub("%*", "rest/of/it")
  for i = 1, REQUESTS do
    list[i] = world.request {
      method = route.method, path = path, query = "key=k" .. i, host = route.host, ip = "10.0.0." .. i,
      headers = {
        ["X-Api-Key"] = "key" .. i, Accept = "text/html", Cookie = "session=s" .. i, Host = "localhost",
        ["Accept-Encoding"] = "gzip", Origin = "https://www.example.com",
      },
    }
  end
  return list
end


local RESPONSE = { status = 200, headers = { { "Content-Type", "text/html" }, { "Server", "sample" } }, origin = 1 }


-- Every phase of the chain for many requests, each phase until it is hot.
local function heat(number, name, requests)
  local function rounds(f)
    for i = 1, ROUNDS do f(requests[i % REQUESTS + 1].number) end
  end
  rounds(function(request) native.run(request, number, "request", name) end)
  for _, request in ipairs(requests) do native.respond(RESPONSE, request.number) end
  rounds(function(request) native.run(request, number, "response", name) end)
  rounds(function(request) native.piece(request, number, "some content of the response", false, name) end)
  rounds(function(request) native.run(request, number, "log", name) end)
end


-- { about, spots } of one chain: what in files that `accept` takes stays interpreted.
local function try(about, number, route, accept)
  local requests = requests_for(route)
  traces.watch(accept)
  heat(number, route.name or "sample", requests)
  return { about = about, spots = traces.stop() }
end


local function try_plugin(name)
  local p, why = require("lunette.plugins").load(name)
  if not p then return { about = "plugin " .. name, skipped = why } end
  local ok, use
  for _, settings in ipairs { EXAMPLES[name] or settings_for(p.schema, true), settings_for(p.schema, false) } do
    ok, use = pcall(world.use, name, settings)
    if ok then break end
  end
  if not ok then return { about = "plugin " .. name, skipped = (tostring(use):gsub("%s*\n%s*", " ")) } end
  local source = "@" .. p.path
  return try("plugin " .. name, world.chain({ use }).number, {}, function(at) return at == source end)
end


local function try_standard(report)
  world.home = "/nonexistent" -- those in the binary, whatever stands in this folder
  world.reset()
  answer_everything()
  for _, path in ipairs(host.embedded_names("plugins/")) do
    local name = path:match("^plugins/([^/]+)%.lua$")
    if name then report[#report + 1] = try_plugin(name) end
  end
end


local function try_routes(report, conf)
  local routes, text = native.load(conf)
  if not routes then
    report[#report + 1] = { about = "routes of " .. conf, skipped = (text:match("^[^\n]*")) }
    return
  end
  answer_everything()
  local seen, count = {}, 0
  for _, route in ipairs(routes) do
    if route.number > 0 and not seen[route.number] and count < ROUTES_MAX then
      seen[route.number], count = true, count + 1
      report[#report + 1] = try(("%s (%s:%d)"):format(route.name, route.file, route.line), route.number, route,
        traces.is_own)
    end
  end
end


-- "ok", "look" or "WRONG": only what keeps a whole handler from being compiled is wrong.
local function verdict(one)
  if one.skipped then return "look" end
  local worst = "ok"
  for _, spot in ipairs(one.spots) do
    if not spot.harmless then return "WRONG" end
    worst = "look"
  end
  return worst
end


local function print_report(report)
  for _, one in ipairs(report) do
    local mark = verdict(one)
    io.stdout:write(("%-5s  %-13s  %s%s\n"):format(mark, "compiled", one.about,
      one.skipped and ": not tried: " .. one.skipped or #one.spots > 0 and ":" or ""))
    for _, spot in ipairs(one.spots or {}) do io.stdout:write(("         %s: %s\n"):format(spot.place, spot.reason)) end
  end
end


local function print_json(report)
  for _, one in ipairs(report) do
    if one.spots then json.array(one.spots) end
  end
  io.stdout:write(json.encode(json.array(report)))
end


local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end


-- args: the path of the configuration, --json. 0: all of it is compiled; 1: some is not, or it cannot be seen here.
function M.main(args)
  local as_json = args[2] == "--json"
  local can, why = traces.available()
  local report = {}
  if can then
    try_standard(report)
    if exists(args[1]) then try_routes(report, args[1]) end
  else
    report[1] = { about = "plugins", skipped = why }
  end
  if as_json then print_json(report) else print_report(report) end
  local good = can
  for _, one in ipairs(report) do good = good and verdict(one) ~= "WRONG" end
  io.stdout:flush()
  return good and 0 or 1
end


return M
