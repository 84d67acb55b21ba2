-- SPDX-License-Identifier: Apache-2.0
-- The standard plugins become machine code: nothing in their handlers makes the compiler give up or leave a trace.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"
local heat = require("lunette.chain").heat
local crypto = require "lunette.crypto"
local world = require "lunette.world"

local has_util, util = pcall(require, "jit.util")
local has_names, names = pcall(require, "jit.vmdef")
local can_watch = has_util and has_names and jit.status()

local SECRET = ("s"):rep(32)
local ROUNDS = 4000
local RESPONSE = {
  status = 200, headers = { ["Content-Type"] = "text/html", Server = "x", ETag = '"1"', Vary = "Accept" },
}

-- A trace may be given up for where it happened to begin; it begins elsewhere next time. These reasons never go away.
local LASTING = { "^NYI: bytecode", "^NYI: FastFunc", "^NYI: C function", "^NYI: unsupported", "blacklisted" }


local function is_lasting(reason)
  for _, pattern in ipairs(LASTING) do
    if reason:find(pattern) then return true end
  end
  return false
end


-- A JSON Web Token of that client.
local function token(i)
  local claims = ('{"sub":"u%d","exp":4102444800,"groups":["a"]}'):format(i)
  local signed = crypto.base64url('{"alg":"HS256"}') .. "." .. crypto.base64url(claims)
  return signed .. "." .. crypto.base64url(crypto.hmac_sha256(SECRET, signed))
end


-- What is to be said about an event of the compiler, or nil.
local function judge(event, pattern)
  local at = util.funcinfo(event.func, event.pc)
  if not (at.source and at.source:find(pattern)) then return nil end
  if event.what == "start" then
    return event.extra == -1 and at.loc .. ": goes on behind a function that is not compiled" or nil
  end
  local reason = tostring(names.traceerr[event.code]):format(tostring(event.extra))
  return is_lasting(reason) and ("%s: %s"):format(at.loc, reason) or nil
end


-- Where in files like `pattern` machine code is not possible, while the chain runs (its request handlers, or what `run` says)
-- for many requests.
local function faults(chain, pattern, run, rounds)
  run = run or world.run
  local events, found, requests = {}, {}, {}
  local function watch(what, _, func, pc, code, extra)
    if what ~= "abort" and what ~= "start" then return end
    events[#events + 1] = { what = what, func = func, pc = pc, code = code, extra = extra }
  end
  jit.off(watch, true) -- machine code must not run while the compiler is at work, and so nothing is judged there
  for i = 1, 16 do
    requests[i] = world.request {
      headers = {
        ["X-Api-Key"] = "key" .. i, ["X-Token"] = token(i % 4), ["Accept-Encoding"] = "gzip",
        Origin = "https://a.example",
      },
    }
  end
  jit.flush()
  jit.attach(watch, "trace")
  for i = 1, rounds or ROUNDS do run(chain, requests[i % 16 + 1]) end
  jit.attach(watch)
  for _, event in ipairs(events) do found[#found + 1] = judge(event, pattern) end
  return found
end


local function test(claim, f)
  it(claim, function()
    if not can_watch then return pending("the compiler cannot be watched here") end
    f()
  end)
end


-- Request and response handlers, as most requests have them.
local function both_ways(chain, r)
  if world.run(chain, r) == true then world.respond(chain, r, RESPONSE) end
end


describe("the hot path", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local cases = {
    ["key-auth"] = { from = { "header:X-Api-Key" } },
    ["client-id"] = { from = { "header:X-Api-Key", "query:key", "cookie:session" } },
    ["rate-limit"] = { rate = "1000000/s", burst = 1000000 },
    ["quota"] = { limit = 1000000000, period = "month" },
    ["concurrency-limit"] = { most = 10000, by = "header:X-Api-Key", hold = "1s" },
    ["bandwidth-limit"] = { download = "1g", upload = "1g" },
    ["headers"] = {
      client_id = "X-Client-Id",
      request = { set = { ["X-Gateway"] = "lunette" }, remove = { "Cookie" } },
    },
    ["acl"] = {},
    ["basic-auth"] = {},
    ["access"] = {
      deny = { { path = { "/admin/*" }, header = { ["X-Evil"] = "*" } }, { address = { "192.0.2.0/24" } } },
      allow = { { method = { "GET" }, cookie = { none = "!" } } },
    },
    ["body-transform"] = { request = { remove = { "a" } }, response = { set = { a = 1 } } },
    ["cors"] = { origins = { "https://a.example", "https://*.example.org" }, credentials = true },
    ["fault"] = { delay = { time = "1ms", share = 0.1 }, abort = { share = 5 }, only = { ["X-Api-Key"] = "*" } },
    ["gzip"] = { types = { "text/plain" } },
    ["forward-auth"] = { url = "http://localhost:1/", cache = "1m" },
    ["hmac-auth"] = { secrets = { a = ("x"):rep(32) }, otherwise = "next" },
    ["jwt"] = { algorithms = { "HS256" }, secret = SECRET, from = { "header:X-Token" } },
    ["ip-restriction"] = { allow = { "10.0.0.0/8", "2001:db8::/32" }, deny = { "10.6.6.6" } },
    ["maintenance"] = { allow = { "10.0.0.0/8" }, open = { "/health" } },
    ["mirror"] = { url = "http://localhost:1/", share = 50, headers = { "Origin", "X-Api-Key" } },
    ["mock"] = { responses = { { path = "/none", json = {} }, { method = "POST" } } },
    ["path-rewrite"] = { to = "/v2{req.path}" },
    ["redirect"] = { slash = "remove", host = "localhost" },
    ["request-id"] = { form = "uuid7" },
    ["request-size"] = { max = "1m" },
    ["response-replace"] = { replace = { { find = "a", with = "b" }, { find = "c", with = "{req.host}", most = 2 } } },
    ["security-headers"] = { csp = "script-src 'nonce-{req.id}'" },
  }

  for name, settings in pairs(cases) do
    test("of " .. name .. " is compiled", function()
      assert.same({}, faults(gate.chain { gate.plugin(name, settings) }, "^@plugins/", both_ways, 800))
    end)
  end

  local more = {
    { "access", { deny = { { header = { ["X-Api-Key"] = "~^none%d+$" } } } } },
    { "path-rewrite", { pattern = "^/(%d*)$", with = "/v2/%1" } },
    { "path-rewrite", { strip = "/api", prefix = "/v2" } },
    { "request-id", { form = "uuid4", trust = true } },
    { "request-id", { form = "ulid" } },
    { "cors", { origins = { "*" } } },
    { "fault", { delay = { time = "1ms", upto = "2ms" }, ask = true } },
    { "mirror", { url = "http://localhost:1", headers = { "*" }, read = true } },
    { "rate-limit", { limits = { "1000000/s", "10000000/m" }, algorithm = "sliding_window", style = "both" } },
    { "rate-limit", { rate = "1000000/s", algorithm = "fixed_window",
      by = { "client", "header:X-Api-Key", "{req.path}" }, cost = "header:X-Cost",
      limit = function(req) return req.headers["X-Api-Key"] and 2000000 or nil end } },
    { "rate-limit", { rate = "4000/s", algorithm = "sliding_log", by = "header:Origin", charge = "header:X-Cost" } },
    { "rate-limit", { rate = "1/d", cost = 0, dry_run = true } },
    { "rate-limit", { rate = "1/d", burst = 1, by = "route" } }, -- refuses
  }
  for i, case in ipairs(more) do
    test(("of %s with other settings (%d) is compiled"):format(case[1], i), function()
      assert.same({}, faults(gate.chain { gate.plugin(case[1], case[2]) }, "^@plugins/", both_ways, 800))
    end)
  end

  test("of key-auth and acl for consumers is compiled", function()
    local list = {}
    for i = 1, 16 do
      list[i] = { name = "c" .. i, keys = "sha256:" .. crypto.sha256_hex("key" .. i), groups = { "staff" } }
    end
    gate.consumers(list)
    local chain = gate.chain { gate.plugin("key-auth", {}), gate.plugin("acl", { allow = { groups = { "staff" } } }) }
    assert.same({}, faults(chain, "^@plugins/", nil, 800))
    assert.is_nil(gate.request(chain, { headers = { ["X-Api-Key"] = "key7" } }).status)
  end)

  test("of no plugin is forgotten here", function()
    for path in require("lfs").dir("plugins") do
      local name = path:match("^(.+)%.lua$")
      if name then assert.is_table(cases[name], name) end
    end
  end)

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
    local bytes = math.huge
    for _ = 1, 4 do -- a trace that is made meanwhile takes memory, but only once
      collectgarbage()
      collectgarbage("stop")
      local before = collectgarbage("count")
      run_all()
      bytes = math.min(bytes, (collectgarbage("count") - before) * 1024 / ROUNDS)
      collectgarbage("restart")
    end
    assert.is_true(bytes < 4, ("%.1f bytes a request"):format(bytes))
  end)

  local contents = {
    ["body-transform"] = { types = { "text/*" }, strict = false, response = { set = { a = 1 } } },
    ["gzip"] = {},
    ["response-replace"] = cases["response-replace"],
  }

  for name, settings in pairs(contents) do
    test("of the content of " .. name .. " is compiled", function()
      local pieces = { "a needle in a haystack", "and another one" }
      local function run(chain, r)
        world.run(chain, r)
        world.respond(chain, r, RESPONSE)
        world.deliver(chain, r, pieces)
      end
      assert.same({}, faults(gate.chain { gate.plugin(name, settings) }, "^@plugins/", run, 400))
    end)
  end

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

  test("of store and metrics is compiled", function()
    local plugin = probe.handler("request", [[
      local key = req.headers["X-Api-Key"]
      req.ctx.seen = self.dict:get(key)
      if not req.ctx.seen then self.dict:set(key, "somebody", 60) end
      req.ctx.sum = self.dict:incr("sum") + self.counters:incr(key, 1, 60) + self.counters:get(key)
      self.seen:inc(key)
      self.both:inc(key, "b")
      self.now:set(5)
      self.size:observe(#key)
    ]], { init = [[
      self.dict, self.counters = store.dict("jit"), store.counters("jit")
      self.seen, self.both = metrics.counter("j_total", "j", { "a" }), metrics.counter("k_total", "k", { "a", "b" })
      self.now, self.size = metrics.gauge("now", "now"), metrics.histogram("size", "size")
    ]] })
    for _, pattern in ipairs { "probe%.lua$", "^@lua/lunette/store", "^@lua/lunette/metrics" } do
      assert.same({}, faults(gate.chain { plugin }, pattern))
    end
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
