-- SPDX-License-Identifier: Apache-2.0
-- Thousands of seeded mutations of good messages: whatever one client or one instance says, the next client gets its own answer.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local corpus = require "spec.support.wire_corpus"
local hostile = require "spec.support.wire_hostile"
local mutate = require "spec.support.wire_mutate"
local world = require "spec.support.wire_world"


-- LN_SEED moves the whole run, LN_ROUNDS makes it longer.
local first = tonumber(os.getenv("LN_SEED")) or 1
local rounds = tonumber(os.getenv("LN_ROUNDS")) or 1000

local BATCH = 250


describe("mutated requests", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  for from = 0, rounds - 1, BATCH do
    it(("from seed %d on mean one thing or nothing"):format(first + from), function()
      for seed = first + from, first + math.min(from + BATCH, rounds) - 1 do
        local bytes, random = mutate.mutate(seed, corpus.requests)
        w:prove_followed(bytes, nil, random(3) == 1 and #bytes > 1 and random(#bytes - 1) or nil)
      end
    end)
  end
end)


describe("mutated responses", function()
  local h
  setup(function() h = hostile.new(gate) end)
  teardown(gate.cleanup)

  for from = 0, rounds - 1, BATCH do
    it(("from seed %d on poison nobody"):format(first + from), function()
      for seed = first + from, first + math.min(from + BATCH, rounds) - 1 do
        local bytes, random = mutate.mutate(seed, corpus.responses)
        h:prove(bytes, true, { method = random(5) == 1 and "HEAD" or "GET",
        version = random(5) == 1 and "1.0" or "1.1" })
      end
    end)
  end
end)
