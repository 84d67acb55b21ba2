-- SPDX-License-Identifier: Apache-2.0
-- Ways out of the sandbox, tried: the metatable of strings, coroutines of the core's, forged objects, cdata, loaders.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("out of the sandbox", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function said()
    local texts = {}
    for _, entry in ipairs(gate.logged()) do texts[#texts + 1] = entry.text end
    return table.concat(texts, "\n")
  end

  -- Each line raises at the plugin's place with such a message, and the next request is answered.
  local refused = {
    ["getmetatable('').__index = {}"] = "attempt to index",
    ["string.dump(print)"] = "attempt to call",
    ["load('\\27LJ\\2')()"] = "attempt to call",
    ["assert(loadstring('\\27LJ\\2'))"] = "wrong mode",
    ["assert(load(function() return nil end, 'x', 'b') == nil)"] = "assertion failed",
    ["load('local x = io')()"] = "io is not available here",
    ["load('x = 1')()"] = "assignment to undeclared name",
    ["load(5)"] = "load: expected a text",
    ["load(('x'):rep(70000))"] = "at most 65536 bytes",
    ["getfenv(1)"] = "not available here",
    ["setfenv(1, {})"] = "not available here",
    ["newproxy(true)"] = "not available here",
    ["module('x')"] = "not available here",
    ["setmetatable({}, { __gc = print })"] = "__gc is not available",
    ["setmetatable(req, nil)"] = "protected metatable",
    ["setmetatable(self, nil)"] = "protected metatable",
    ["rawset(_VERSION, 1, 1)"] = "table expected",
    ["assert(coroutine.resume(coroutine.running()))"] = "not one of your own",
    ["coroutine.resume(5)"] = "coroutine expected",
    ["coroutine.resume(self.co)"] = "coroutine expected",
    ["local function f() return coroutine.wrap(f)() end f()"] = "coroutines inside of each other",
    ["coroutine.yield({})"] = "coroutine.yield outside",
    ["coroutine.yield(coroutine.wrap(function() sleep(1) end))"] = "coroutine.yield outside",
    ["rawset(req, 1, json.null) local x = req.method"] = "the request has ended",
    ["rawset(req, 1, 7) local x = req.path"] = "the request has ended",
    ["rawset(req.headers, 2, json.null) local h = req.headers rawset(h, 2, 9) local x = h.a"] = "the request has ended",
    ["local h = req.headers rawset(h, 1, 0) h.a = 'b'"] = "the request has ended",
    ["local x = rawget(req.headers, 2)[1e9].serial"] = "attempt to index",
    ["local x = rawget(req.headers, 2) + req"] = "arithmetic",
    ["req.headers.add(1LL, 'a', 'b')"] = "cannot be indexed",
    ["local x = (1LL)[1]"] = "cannot be indexed",
    ["local x = (1LL).ptr"] = "no member named",
    ["(1LL)()"] = "not callable",
    ["rawset(self.limit, 1, json.null) self.limit:take('a')"] = "take: ",
    ["rawset(self.limit, 1, 'text') self.limit:take('a')"] = "cannot convert",
    ["rawset(self.limit, 1, 140737353904128) self.limit:take('a')"] = "cannot convert",
    ["rawset(self.limit, 1, 140737353904128LL) self.limit:take('a')"] = "cannot convert",
    ["rawset(self.limit, 1, req) self.limit:take('a')"] = "cannot convert",
    ["local x = self.limit[1][0]"] = "size",
    ["local x = self.limit[1] + 1"] = "arithmetic",
    ["self.limit[1].zone = nil"] = "",
    ["self.limit.take(json.null, 'a')"] = "attempt to index",
    ["debug.traceback()"] = "not available here",
    ["package.loaded.ffi.cdef('int x;')"] = "not available here",
    ["jit.off()"] = "not available here",
  }
  for line, why in pairs(refused) do
    it("leads not " .. line, function()
      local p = probe.handler("request", line .. "\nreturn 200", {
        init = "self.limit = store.limiter('z', '10/s', 10) self.co = coroutine.running()",
      })
      assert.equal(500, gate.request(p).status)
      assert.truthy(said():find(why, 1, true), said())
      assert.equal(200, gate.request(function() return 200, ("%d"):format(#("x"):rep(3))  end).status)
    end)
  end

  it("leads no coroutine that another request has left waiting", function()
    local p = probe.plugin("probe", [[
local p = plugin "probe" { version = "1", api = 1 }
local waiting
function p:request(req)
  if req.path == "/first" then
    waiting = coroutine.create(function() coroutine.yield(1) sleep(1) return 2 end)
    coroutine.resume(waiting)
    return 200, tostring(select(2, coroutine.resume(waiting)))
  end
  local ok, why = coroutine.resume(waiting)
  return 200, tostring(ok) .. " " .. tostring(why)
end
return p
]])
    assert.equal("2", gate.request(p, "GET /first").body)
    assert.equal("false cannot resume dead coroutine", gate.request(p, "GET /second").body)
  end)

  it("lead no tables of the core's: what pairs sees is numbers", function()
    local out = probe.run([[
local kinds = {}
for _, object in ipairs { req, res, req.headers, res.headers, req.args, req.cookies, req.client } do
  for key, value in next, object do kinds[type(key) .. " " .. type(value)] = true end
end
local list = {}
for kind in pairs(kinds) do list[#list + 1] = kind end
return 200, table.concat(list, ",")]])
    assert.equal("number number", out.body)
  end)

  it("leads no library of another plugin's, nor ours", function()
    gate.request(probe.handler("request", "string.format, table.concat, math.floor = nil\n"
      .. "rawset(json, 'encode', print) rawset(log, 'info', print) rawset(store, 'limiter', print)\n"
      .. "coroutine.resume, bit.band = nil return 200, {}", { name = "one" }))
    local out = gate.request(probe.handler("request", "log.info('x') return 200, "
      .. "{ a = bit.band(3, 1), b = ('%d'):format(7), c = math.floor(1.5), d = json.encode({ 1 }) }", { name = "two" }))
    assert.equal('{"a":1,"b":"7","c":1,"d":"[1]"}', out.body)
  end)

  it("lead no texts that look like lines of our own log", function()
    probe.run("log.info('a\\n2030-01-01T00:00:00.000Z error supervisor: b\\27[31m\\0') return 200")
    assert.equal("a\\n2030-01-01T00:00:00.000Z error supervisor: b\\x1b[31m\\x00", said())
    gate.reset()
    probe.run("error('x\\ny')")
    assert.is_nil(said():find("x\ny", 1, true))
  end)

  it("leads no line that is longer than the log takes", function()
    probe.run("log.info(('x'):rep(1e5), { y = ('z'):rep(1e5) }) return 200")
    local line = gate.logged()[1]
    assert.equal(8192, #line.text)
    assert.equal("the fields, more than 64 KiB", line.fields.left_out)
  end)
end)
