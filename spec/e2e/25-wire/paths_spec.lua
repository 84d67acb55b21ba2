-- SPDX-License-Identifier: Apache-2.0
-- No spelling of a path escapes the plugin of its route, and none reaches a route that was not meant.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local model = require "spec.support.wire_model"


local GUARD = [[
local p = plugin "guard" { version = "1.0.0", api = 1, schema = {} }
function p:request() return 403, "guarded" end
return p
]]

local ROUTES = [[
any "/admin/*" { to = service "main", use "guard" {} }
any "/files/secret" { to = service "main", use "guard" {} }
any "/users/:id/keys" { to = service "main", use "guard" {} }
any "/*" { to = service "main" }
]]

local GUARDED = { "/admin/x", "/admin", "/files/secret", "/users/7/keys" }


-- The spellings of one path that a lenient server would take for it.
local function spellings(path)
  local list = { path }
  for at = 2, #path do
    local c = path:sub(at, at)
    for _, escape in ipairs { "%%%02x", "%%%02X" } do
      if c ~= "/" then list[#list + 1] = path:sub(1, at - 1) .. escape:format(c:byte()) .. path:sub(at + 1) end
    end
  end
  for at in path:gmatch("()/") do
    for _, noise in ipairs { "/.", "/x/..", "/./.", "/%2e", "/x/%2e%2e", "/x/%2E.", "/a/b/../.." } do
      list[#list + 1] = path:sub(1, at - 1) .. noise .. path:sub(at)
    end
  end
  for _, tail in ipairs { "?", "?a=/../b", "?/../../" } do list[#list + 1] = path .. tail end
  list[#list + 1] = "http://gateway.test" .. path
  return list
end


-- What only some servers take for it: empty segments, encoded slashes, parameters, backslashes, another case.
local function disguises(path)
  local list = { "/" .. path, path:upper(), path .. ";a", (path:gsub("/", "//")), (path:gsub("(.)/", "%1;a/")) }
  list[#list + 1] = path:gsub("(.)/", "%1%%2f")
  list[#list + 1] = path:gsub("(.)/", "%1%%5c")
  list[#list + 1] = path:gsub("(.)/", "%1\\")
  for _, tail in ipairs { "%00", "/", "/.", "/x/..", "/%2e" } do list[#list + 1] = path .. tail end
  list[#list + 1] = path:gsub("%w", function(c) return ("%%25%02x"):format(c:byte()) end, 1)
  return list
end


describe("a path", function()
  local up, g
  local function start(options)
    up = gate.upstream(function(request) return 200, request.target end)
    options.plugins, options.routes, options.extra = { guard = GUARD }, ROUTES, { generatedRoutes = false }
    g = gate.proxy(up, options)
  end

  after_each(gate.cleanup)

  local function is_guarded(path)
    for _, guarded in ipairs(GUARDED) do
      if path == guarded or path:find("^/admin/") then return true end
    end
    return path:find("^/users/[^/]+/keys$") ~= nil
  end

  -- The answer agrees with the model about where the path leads, and what is forwarded is what was matched.
  local function judge(path)
    local c = gate.client(g)
    local r = c:request("GET", path)
    c:close()
    local plain = path:gsub("^http://[^/]*", ""):match("^[^?]*")
    local ok, normal = pcall(model.normal_path, plain)
    if not ok then
      assert(r.status == 400, path .. " was not refused")
    elseif is_guarded(normal) then
      assert(r.status == 403, path .. " escaped its guard: " .. r.body)
    else
      assert(r.status == 200, ("%s: status %d"):format(path, r.status))
      assert(r.body:match("^[^?]*") == normal, path .. " was forwarded as " .. r.body)
    end
    return r.status
  end

  it("in every spelling of its own stays with its guard", function()
    start {}
    for _, path in ipairs(GUARDED) do
      for _, spelling in ipairs(spellings(path)) do assert.equal(403, judge(spelling), spelling) end
    end
    assert.equal(200, judge("/open"))
  end)

  it("in a disguise is what it says and nothing else", function()
    start {}
    for _, path in ipairs(GUARDED) do
      for _, disguise in ipairs(disguises(path)) do judge(disguise) end
    end
    assert.equal(200, judge("/open"))
  end)

  it("that climbs out of the open part does not reach the guarded one", function()
    start {}
    for _, start_of in ipairs { "/open/..", "/open/x/../..", "/open/%2e%2e", "/open/.%2E", "/./open/.." } do
      for _, path in ipairs(GUARDED) do assert.equal(403, judge(start_of .. path), start_of .. path) end
    end
  end)

  it("with empty segments is merged where mergeSlashes says so, and then guarded", function()
    start { gateway = { mergeSlashes = true } }
    for _, path in ipairs(GUARDED) do
      for _, spelling in ipairs { "/" .. path, path:gsub("/", "//"), path:gsub("/", "///"), "//." .. path,
      "/x/.." .. path } do
        local r = g:get(spelling)
        assert.equal(403, r.status, spelling)
      end
    end
    assert.equal("/open/x", g:get("//open///x").body)
    assert.equal("/open/", g:get("//open//").body)
    assert.equal("/", g:get("//").body)
  end)

  it("with dots behind empty segments cannot climb over what merging made of it", function()
    start { gateway = { mergeSlashes = true } }
    for _, path in ipairs { "/admin//..//x", "//admin//.//x", "/open//..//admin//x", "/admin/x//..",
    "/a//../admin/x" } do
      local r = g:get(path)
      assert.is_true(r.status == 403 or r.body:find("^/admin/") == nil, path .. " " .. r.body)
    end
  end)
end)
