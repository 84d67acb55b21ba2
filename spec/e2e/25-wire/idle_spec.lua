-- SPDX-License-Identifier: Apache-2.0
-- Ten thousand connections that do nothing: what they cost, and that nobody notices them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local client = require "spec.support.client"
local limits = require "spec.support.wire_limits"


local MANY = 10000
local WARM = 200
local MOST = 1536 -- bytes of a worker's memory for each

local files = limits.raise_files()
local opened = {} -- too many for a list that looks at each of them
local TIMEOUTS = { header = "120s", idle = "120s" }


-- Opens connections that have sent `bytes`, and had an answer if that is a request.
local function open(g, count, bytes, answered)
  local sockets = {}
  for i = 1, count do
    local c = client.connect(g.address)
    c:send(bytes)
    if answered then assert(c:read().status == 200) end
    sockets[i], opened[#opened + 1] = c, c
  end
  return sockets
end


local function is_served(g)
  for i = 1, 100 do
    local r = g:get("/clean-" .. i)
    assert(r.status == 200 and r.body == "upstream")
  end
end


describe("idle connections", function()
  after_each(function()
    for _, c in ipairs(opened) do c:close() end
    opened = {}
    gate.cleanup()
  end)

  local function start()
    return gate.proxy(gate.upstream(), { gateway = { timeouts = TIMEOUTS, limits = { connections = MANY + 1000 } } })
  end

  local function measure(bytes, answered)
    local g = start()
    if files < MANY + 1000 then return pending("needs " .. MANY .. " descriptors") end
    open(g, WARM, bytes, answered)
    local before = g:memory()
    local sockets = open(g, MANY, bytes, answered)
    is_served(g)
    local each = (g:memory() - before) / MANY
    if not limits.is_sanitized(g) then
      assert(each <= MOST, ("%d bytes for each connection"):format(each))
    end
    return g, sockets
  end

  it("that were answered cost at most 1.5 KiB each, and survive a reload", function()
    local g, sockets = measure(gate.http.request("GET", "/"), true)
    if not g then return end
    assert.equal(0, g:reload().code)
    for i = 1, MANY, 100 do assert.equal("upstream", sockets[i]:get("/again").body) end
  end)

  it("that have sent nothing cost no more", function()
    measure("", false)
  end)

  it("that have sent half of a head leave service intact", function()
    local g = start()
    if files < MANY + 1000 then return pending("needs " .. MANY .. " descriptors") end
    open(g, MANY, "GET / HTTP/1.1\r\nHost: x\r\nX-Half: ", false)
    is_served(g)
  end)

  it("that are over their time are closed, all of them", function()
    local g = gate.proxy(gate.upstream(), { gateway = { timeouts = { header = "300ms", idle = "300ms" } } })
    local sockets = {}
    for i = 1, 600 do
      local c = gate.client(g)
      if i % 3 == 0 then c:send(gate.http.request("GET", "/")) end
      if i % 3 == 1 then c:send("GET / HTTP/1.1\r\n") end
      sockets[i] = c
    end
    for i, c in ipairs(sockets) do
      local rest = c.socket:read_all()
      assert.equal(i % 3 ~= 2, rest ~= "")
    end
    is_served(g)
  end)
end)
