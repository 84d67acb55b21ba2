-- SPDX-License-Identifier: Apache-2.0
-- The standard plugins become machine code: nothing in their handlers makes the compiler give up or leave a trace.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"
local heat = require("lunette.chain").heat
local world = require "lunette.world"

local has_util, util = pcall(require, "jit.util")
local has_names, names = pcall(require, "jit.vmdef")
local can_watch = has_util and has_names and jit.status()

local ROUNDS = 4000

-- A trace may be given up for where it happened to begin; it begins elsewhere next time. These reasons never go away.
local LASTING = { "^NYI: bytecode", "^NYI: FastFunc", "^NYI: C function", "^NYI: unsupported", "blacklisted" }


local function is_lasting(reason)
  for _, pattern in ipairs(LASTING) do
    if reason:find(pattern) then return true end
  end
  return false
end


-- Where in files like `pattern` machine code is not possible, while the chain runs (its request handlers, or what `run` says)
-- for many requests.
local function faults(chain, pattern, run)
  run = run or world.run
  local found, requests = {}, {}
  local function watch(what, _, func, pc, code, extra)
    if what ~= "abort" and what ~= "start" then return end
    local at = util.funcinfo(func, pc)
    if not (at.source and at.source:find(pattern)) then return end
    if what == "start" then
      if extra == -1 then found[#found + 1] = at.loc .. ": goes on behind a function that is not compiled" end
      return
    end
    local reason = tostring(names.traceerr[code]):format(tostring(extra))
    if is_lasting(reason) then found[#found + 1] = ("%s: %s"):format(at.loc, reason) end
  end
  for i = 1, 16 do requests[i] = world.request { headers = { ["X-Api-Key"] = "key" .. i } } end
  jit.flush()
  jit.attach(watch, "trace")
  for i = 1, ROUNDS do run(chain, requests[i % 16 + 1]) end
  jit.attach(watch)
  return found
end


local function test(claim, f)
  it(claim, function()
    if not can_watch then return pending("the compiler cannot be watched here") end
    f()
  end)
end


describe("the hot path", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local cases = {
    ["client-id"] = { from = { "header:X-Api-Key", "query:key", "cookie:session" } },
    ["rate-limit"] = { rate = "1000000/s", burst = 1000000 },
    ["headers"] = {
      client_id = "X-Client-Id",
      request = { set = { ["X-Gateway"] = "lunette" }, remove = { "Cookie" } },
    },
  }

  for name, settings in pairs(cases) do
    test("of " .. name .. " is compiled", function()
      assert.same({}, faults(gate.chain { gate.plugin(name, settings) }, "^@plugins/"))
    end)
  end

  test("of all of them together is compiled", function()
    local list = {}
    for i, name in ipairs { "client-id", "rate-limit", "headers" } do list[i] = gate.plugin(name, cases[name]) end
    assert.same({}, faults(gate.chain(list), "^@plugins/"))
  end)

  test("of all of them together makes no objects", function()
    local list, requests = {}, {}
    for i, name in ipairs { "client-id", "rate-limit", "headers" } do list[i] = gate.plugin(name, cases[name]) end
    local chain = gate.chain(list)
    for i = 1, 16 do requests[i] = world.request { headers = { ["X-Api-Key"] = "key" .. i } } end
    local function run_all()
      for i = 1, ROUNDS do world.native.run(requests[i % 16 + 1].number, chain.number, "request", chain.route) end
    end
    jit.flush()
    heat(chain.request)
    run_all()
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    run_all()
    local bytes = (collectgarbage("count") - before) * 1024 / ROUNDS
    collectgarbage("restart")
    assert.is_true(bytes < 4, ("%.1f bytes a request"):format(bytes))
  end)

  test("of a body handler is compiled", function()
    local plugin = probe.plugin("probe", [[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = {} }
function p:body(req, res, chunk)
  if chunk.size > 3 and not chunk.last then chunk:replace("needle", "pin") end
  if res.status == 200 then chunk:set(chunk:text()) end
end
return p
]])
    local pieces = { "a needle in a haystack, a nee", "dle" }
    local function run(chain, r)
      if not r.response then world.respond(chain, r, { status = 200 }) end
      world.deliver(chain, r, pieces)
    end
    assert.same({}, faults(gate.chain { plugin }, "probe%.lua$", run))
  end)

  test("of patterns, of string.gsub with a text and of table.sort is compiled", function()
    local body = "local a, b = (req.path):match('^/(%w*)(.*)$')\n"
      .. "req.ctx.x = ('a-b-c'):gsub('-', '+') .. a .. b\nlocal t = { 3, 1, 2 }\ntable.sort(t)\n"
    assert.same({}, faults(gate.chain { probe.handler("request", body) }, "probe%.lua$"))
  end)

  -- What the checks above would see.
  local slow = {
    ["a function made for each request"] = "local f = function() return req end\nreq.ctx.f = f",
    ["table.maxn"] = "req.ctx.x = table.maxn({ 1, 2 })",
    ["a coroutine"] = "req.ctx.x = coroutine.wrap(function() return 1 end)()",
  }
  for what, body in pairs(slow) do
    test("is seen to be slow with " .. what, function()
      local found = {}
      for _ = 1, 8 do -- where traces begin is left to chance by the compiler
        if #found == 0 then found = faults(gate.chain { probe.handler("request", body) }, "probe%.lua$") end
      end
      assert.not_same({}, found)
    end)
  end
end)
