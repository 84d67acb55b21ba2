-- SPDX-License-Identifier: Apache-2.0
-- Hostile plugins: { name, code of the request handler, what the log must say, options }.
--
-- options: handler (the code is of another one), outside (code in front of the handler), settings (of the use), cut (the response
-- is broken off instead of 500), served (the client gets the service's answer), place = false (the message has no line of the
-- plugin's: it was not in its code that the bound was met).

-- CPU time, in milliseconds: what ends by another bound than this one has to get there first, under sanitizers too.
local BUDGET = 30 * (tonumber(os.getenv("LN_SLOW")) or 1)
local OVER = ("ran longer than its budget of %d ms"):format(BUDGET)
local MEMORY = "not enough memory"
local LATE = { either = OVER } -- where the machine is slow

-- A table that is nearly empty, and whose length is 671088640.
local LONG
do
  local names = {}
  for i = 1, 200 do names[i] = "k" .. i .. " = 1" end
  LONG = "local t = { 1, 2, 3, 4, " .. table.concat(names, ", ") .. " } for i = 1, 200 do t['k' .. i] = nil end "
    .. "for i = 0, 27 do t[5 * 2 ^ i] = 1 end\n"
end

return {
  budget = BUDGET,

  -- loops
  { "while-loop", "while true do end", OVER },
  { "repeat-loop", "local n = 0 repeat n = n + 1 until false", OVER },
  { "goto-loop", "::again:: goto again", OVER },
  { "for-loop", "local n = 0 for i = 1, math.huge do n = n + i end", OVER },
  { "tail-recursion", "local function f(n) return f(n + 1) end return f(1)", OVER },
  { "mutual-recursion", "local f, g function f() return g() end function g() return f() end f()", OVER },
  { "iterator-loop", "for _ in function() return 1 end do end", OVER },
  { "next-loop", "local t = { a = 1 } while next(t) do t.a = (t.a or 0) + 1 end", OVER },
  { "pcall-loop", "while true do pcall(function() while true do end end) end", OVER },
  { "nested-pcalls", "local function f() while true do pcall(f) end end f()", OVER },
  { "xpcall-handler-loop", "xpcall(error, function() while true do end end) while true do end", OVER },
  { "error-storm", "while true do pcall(error, {}) end", OVER },
  { "busy-wait", "local till = time() + 3600 while time() < till do end", OVER },
  { "header-loop", "while true do req.headers['X-A'] = 'b' end", "more than is held", { either = OVER } },
  { "random-loop", "while math.random() >= 0 do end", OVER },
  { "load-loop", "while true do load('return 1')() end", OVER },
  { "predicate-loop", "return 200", OVER, { settings = "when = function() while true do end end" } },
  { "response-loop", "while true do end", OVER, { handler = "response" } },
  { "log-loop", "while true do end", OVER, { handler = "log", served = true } },
  { "balance-loop", "while true do end", OVER, { handler = "balance" } },
  { "parallel-loop", "parallel(function() while true do end end, function() sleep(1) end) error('went on')", OVER },
  { "body-loop", "while true do end", OVER, { handler = "body", cut = true } },

  -- metamethods and recursion
  { "index-recursion", "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) return t[1]",
    "stack overflow" },
  { "index-chain", "local mt = {} local t = setmetatable({}, mt) mt.__index = t return t.x", "loop in gettable" },
  { "add-loop", "local t = setmetatable({}, { __add = function() while true do end end }) return t + t", OVER },
  { "concat-recursion", "local t = setmetatable({}, { __concat = function(a, b) return a .. b end }) return t .. t",
    "stack overflow" },
  { "call-chain", "local t = setmetatable({}, {}) getmetatable(t).__call = t t()", "attempt to call" },
  { "tostring-recursion", "local t = setmetatable({}, { __tostring = function(t) return tostring(t) .. 'x' end }) "
    .. "tostring(t)",
    "stack overflow" },
  { "deep-recursion", "local function f(n) return 1 + f(n + 1) end return f(1)", "stack overflow" },
  { "deep-pcalls", "local function f() local ok, why = pcall(f) error(why, 0) end f()", "stack overflow" },
  { "coroutine-tower", "local function f() return coroutine.wrap(f)() end f()", "coroutines inside of each other" },

  -- coroutines
  { "ping-pong", "local function f() while true do coroutine.yield() end end\n"
    .. "local a, b = coroutine.wrap(f), coroutine.wrap(f) while true do a() b() end", OVER },
  { "coroutine-storm", "while true do coroutine.create(function() end) end", OVER },
  { "wrong-yield", "coroutine.yield('mine')", "sleep() waits" },
  { "dead-coroutine", "local f = coroutine.wrap(function() end) f() f()", "dead coroutine" },
  { "own-coroutine", "local ok, why = coroutine.resume((coroutine.running())) error(why, 0)", "not one of your own",
    { place = false } },
  { "yield-from-tostring", "return 200, ('%s'):format(setmetatable({}, { __tostring = function() sleep(1) end }))",
    "collect first, then call" },

  -- functions that run in C elsewhere
  { "sort-comparison", "table.sort({ 3, 2, 1 }, function() while true do end end)", OVER },
  { "sort-nothing", LONG .. "table.sort(t, rawequal)", OVER },
  { "insert-nothing", LONG .. "table.insert(t, 1, 1)", OVER },
  { "gsub-callback", "('x'):gsub('x', function() while true do end end)", OVER },
  { "gsub-storm", "while true do ('x'):rep(1000):gsub('x', '%0%0') end", OVER },
  { "catastrophic-find", "return 200, ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))", "takes too long", LATE },
  { "catastrophic-gsub", "return 200, (('a'):rep(60):gsub(('(a*)'):rep(20) .. 'b', ''))", "takes too long", LATE },
  { "catastrophic-gmatch", "for _ in ('('):rep(200000):gmatch('%b()') do end", "takes too long", LATE },
  { "caught-catastrophes", "while true do pcall(string.match, ('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40)) end",
    OVER },
  { "concat-nothing", LONG .. "return 200, table.concat(t)", "invalid value" },
  { "huge-unpack", "return 200, select('#', unpack({}, 1, 1e7))", "too many results" },
  { "format-width", "return 200, ('%99999d'):format(1)", "invalid" },
  { "json-graph", "local t = {} for i = 1, 90 do t = { t, t } end return 200, json.encode(t)", "json.encode: " },
  { "json-nothing", LONG .. "return 200, json.encode(t)", "json.encode: " },
  { "json-self", "local t = {} t.t = t return 200, json.encode(t)", "nested too deeply" },
  { "json-depth", "local v, why = json.decode(('['):rep(100000)) error(why, 0)", "nested", { place = false } },
  { "parser-depth", "assert(load(('('):rep(60000)))", "too many" },
  { "huge-source", "load(('x = 1 '):rep(100000))", "at most" },

  -- memory
  { "string-bomb", "return 200, ('x'):rep(1e9):rep(100)", MEMORY, { place = false } },
  { "string-doubling", "local s = 'x' while true do s = s .. s end", MEMORY, { place = false } },
  { "table-growth", "local t = {} for i = 1, 1e9 do t[i] = { i } end", MEMORY, { place = false, either = OVER } },
  { "hash-growth", "local t = {} for i = 1, 1e9 do t['k' .. i] = i end", MEMORY, { place = false, either = OVER } },
  { "closure-growth", "local f for i = 1, 1e9 do local g = f f = function() return g, i end end", MEMORY,
    { place = false, either = OVER } },
  { "concat-bomb", "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1e5) end return 200, table.concat(t)", MEMORY,
    { place = false } },
  { "json-bomb", "local s = ('x'):rep(1e6) local t = {} for i = 1, 100 do t[i] = s end return 200, json.encode(t)",
    "json.encode: ", { place = false, either = MEMORY } },
  { "header-bomb", "for i = 1, 1e9 do res.headers:add('X-' .. i, ('x'):rep(60000)) end", "more than is held" },
  { "header-storm", "for i = 1, 1e9 do req.headers:add('X-' .. i, 'x') end", "more than is held", { either = OVER } },
  { "argument-bomb", "for i = 1, 1e9 do req.args['a' .. i % 100] = ('x'):rep(1e6) end", "more than is held",
    { either = OVER, either2 = MEMORY, place = false } },
  { "context-growth", "for i = 1, 1e9 do req.ctx[i] = ('x'):rep(1e6) .. i end", MEMORY, { place = false } },
  { "log-bomb", "log.info(('x'):rep(1e6), { more = ('y'):rep(1e6) }) error('a line of the log that is short')",
    "a line of the log that is short" },

  -- values that are none
  { "nil-error", "error(nil)", "nil", { place = false } },
  { "table-error", "error({ code = 7 })", "a table", { place = false } },
  { "hostile-error", "error(setmetatable({}, { __tostring = function() while true do end end }))", "a table",
    { place = false } },
  { "nan-status", "return 0 / 0", "status from 200 to 599", { place = false } },
  { "huge-status", "return 1e300", "status from 200 to 599", { place = false } },
  { "negative-status", "return -200", "status from 200 to 599", { place = false } },
  { "text-status", "return '200'", "status from 200 to 599", { place = false } },
  { "function-body", "return 200, function() end", "as body", { place = false } },
  { "header-injection", "return 200, 'x', { ['X-A'] = 'a\\r\\nSet-Cookie: b' }", "not a header", { place = false } },
  { "nan-sleep", "sleep(0 / 0)", "seconds from 0 to 86400" },
  { "endless-sleep", "sleep(math.huge)", "seconds from 0 to 86400" },
  { "nan-body", "req:read_body(0 / 0)", "expected a size" },
  { "forged-handle", "req.headers.add(json.null, 'X-A', 'b')", "attempt to index", { place = false } },
  { "no-handle", "req.headers.add({}, 'X-A', 'b')", "", { place = false } },
  { "kept-request", "if kept then return kept.path end kept = req error('kept for the next one')",
    "kept for the next one", { outside = "local kept\n" } },

  -- ways out of the sandbox
  { "global", "leak = 1", "assignment to undeclared name" },
  { "replaced-library", "string = {}", "cannot be replaced" },
  { "string-metatable", "getmetatable('').__index = {}", "attempt to index a boolean" },
  { "finalizer", "setmetatable({}, { __gc = function() while true do end end })", "__gc is not available" },
  { "bytecode", "assert(load('\\27LJ\\2'))", "bytecode" },
  { "dump", "return 200, ('x').dump(print)", "attempt to call" },
  { "getfenv", "getfenv(0)", "getfenv is not available here" },
  { "setfenv", "setfenv(1, {})", "setfenv is not available here" },
  { "newproxy", "newproxy(true)", "newproxy is not available here" },
  { "debug", "debug.getregistry()", "debug is not available here" },
  { "loaded", "return 200, package.loaded.ffi", "package is not available here" },
  { "ffi", "require('ffi')", "modules are loaded at the top" },
  { "dots", "require('../../../etc/passwd')", "expected the name of a module" },
  { "execute", "os.execute('sleep 10')", "os is not available here" },
  { "popen", "io.popen('sleep 10')", "io is not available here" },
  { "collect", "collectgarbage('stop')", "collectgarbage is not available here" },
}
