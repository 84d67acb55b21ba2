-- SPDX-License-Identifier: Apache-2.0
-- The same mutations on the other ways through the gateway: fresh connections each time, handlers that wait, that read content
-- first, that look at every chunk.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local corpus = require "spec.support.wire_corpus"
local hostile = require "spec.support.wire_hostile"
local mutate = require "spec.support.wire_mutate"
local tap = require "spec.support.wire_tap"
local world = require "spec.support.wire_world"


local first = tonumber(os.getenv("LN_SEED")) or 1
local rounds = (tonumber(os.getenv("LN_ROUNDS")) or 1000) / 4

local NAP = [[
local p = plugin "nap" { version = "1.0.0", api = 1, schema = {} }
function p:request() sleep(0.0005) end
function p:response() sleep(0.0005) end
return p
]]

local READ = [[
local p = plugin "read" { version = "1.0.0", api = 1, schema = {} }
function p:request(req) req:read_body() end
return p
]]

local LOOK = [[
local p = plugin "look" { version = "1.0.0", api = 1, schema = {} }
function p:body(req, res, chunk) chunk:text() end
return p
]]


local function routed(name, text)
  return { plugins = { [name] = text }, routes = ('any "/*" { to = service "main", use "%s" {} }'):format(name) }
end


local function fresh(request, connection)
  connection:send(tap.answer(request, "Connection: close\r\n"))
  connection:close()
  return true
end


local WAYS = {
  ["on fresh connections"] = { hostile = fresh },
  ["over unix sockets"] = { unix = true }, -- which cannot be reset: HTTP/1.0 could not see a truncation there
  ["through small buffers"] = { gateway = { limits = { buffer = 4096 } } },
  ["past handlers that wait"] = routed("nap", NAP),
  ["past handlers that read content"] = routed("read", READ),
  ["past handlers that look at chunks"] = routed("look", LOOK),
}
WAYS["past handlers that read content"].loses_trailers = true -- it goes on with a length, where there is no place for them


for name, options in pairs(WAYS) do
  describe("mutated requests " .. name, function()
    local w
    setup(function() w = world.new(gate, options) end)
    teardown(gate.cleanup)

    it("mean one thing or nothing", function()
      for seed = first, first + rounds - 1 do
        local bytes, random = mutate.mutate(seed, corpus.requests)
        w:prove_followed(bytes, nil, random(2) == 1 and #bytes > 1 and random(#bytes - 1) or nil)
      end
    end)
  end)

  if not options.hostile then
    describe("mutated responses " .. name, function()
      local h
      setup(function() h = hostile.new(gate, options) end)
      teardown(gate.cleanup)

      it("poison nobody", function()
        for seed = first, first + rounds - 1 do
          local bytes, random = mutate.mutate(seed, corpus.responses)
          local method = random(5) == 1 and "HEAD" or "GET"
          local version = random(5) == 1 and not options.unix and "1.0" or "1.1"
          local cut = random(2) == 1 and #bytes > 1 and random(#bytes - 1) or nil
          h:prove(bytes, true, { method = method, version = version, cut = cut })
        end
      end)
    end)
  end
end
