-- SPDX-License-Identifier: Apache-2.0
-- preflight.lua - routes for OPTIONS beside those that do not take it, for plugins with `preflight = true`.
--
-- Browsers ask with OPTIONS before they send what a form could not (the CORS preflight of the Fetch standard). A route for GET
-- would never see that; so each path with such a plugin gets one more route, with those plugins alone. Other requests for
-- OPTIONS get the methods there are (RFC 9110 section 9.3.7).

local host = require "lunette.host"

local M = {}

local handlers = {
  request = function(self) return 204, nil, { Allow = self.allow } end,
}


local function takes_options(route)
  return route.methods == nil or (" " .. route.methods .. " "):find("%f[%w]OPTIONS%f[%W]") ~= nil
end


-- Routes that differ in what they call a parameter have the same path.
local function key_of(route)
  return ("%s %s %s"):format(route.path:gsub(":[%w_]+", ":"), route.host or "", route.listener or "")
end


local function preflight_uses(route)
  local list = {}
  for _, use in ipairs(route.uses or {}) do
    if use.preflight then list[#list + 1] = use end
  end
  return list
end


local function is_same(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end


-- Takes the finished routes; gives those to add as { route, uses }.
local function missing(routes)
  local order, by_key, taken = {}, {}, {}
  for _, route in ipairs(routes) do
    local key, uses = key_of(route), preflight_uses(route)
    if takes_options(route) then
      taken[key] = true
    elseif #uses > 0 then
      local found = by_key[key]
      if not found then
        found = { route = route, uses = uses, methods = {} }
        by_key[key], order[#order + 1] = found, found
      elseif not is_same(found.uses, uses) then
        local sentence = "%s: browsers ask for this path with OPTIONS, and the plugins of %s:%d will answer"
        host.report("warning", route.file, route.line, sentence:format(route.name, found.route.file, found.route.line))
      end
      found.methods[#found.methods + 1] = route.methods
    end
  end
  local list = {}
  for _, found in ipairs(order) do
    if not taken[key_of(found.route)] then list[#list + 1] = found end
  end
  return list
end


-- add(route, uses) makes one more.
function M.add(routes, add)
  for _, found in ipairs(missing(routes)) do
    local route, methods = found.route, table.concat(found.methods, ", ")
    if methods:find("%f[%w]GET%f[%W]") then methods = methods .. ", HEAD" end
    local uses = {}
    for i, use in ipairs(found.uses) do uses[i] = use end
    uses[#uses + 1] = {
      plugin = "preflight", title = "preflight", handlers = handlers, on_error = "fail",
      file = route.file, line = route.line,
      self = { allow = methods .. ", OPTIONS" },
    }
    add({
      name = "OPTIONS " .. route.path, methods = "OPTIONS", path = route.path, service = -1, timeout = 0, tries = 0,
      hosts = { route.host or false }, listeners = { route.listener or false }, file = route.file, line = route.line,
    }, uses)
  end
end


return M
