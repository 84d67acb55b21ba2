-- SPDX-License-Identifier: Apache-2.0
-- chain.lua - turns the plugins of a route into functions that C resumes: request, balance, response, body, log.
--
-- One function is generated per distinct sequence of handlers and shared by all routes with that sequence, because a
-- straight line of calls becomes one trace, while a loop of two or three turns breaks traces, and one function per route would
-- overflow the trace cache. The route's own part is its array of `self`s.
--
-- cur.at says which plugin runs. When one raises, C drops the coroutine, asks failed() what that means, and has rest() do what
-- is left of the chain. A request phase that plugin k ended early, counted from 1, is `depth` k: response handlers above k
-- run; log handlers of 1 to k run, and of those below that have no request handler. For body handlers, `depth` is the plugin
-- that made the response, in whichever phase: those above it see the content.

local F = require "lunette.ffi"
local balance = require "lunette.balance"
local chunk = require "lunette.chunk"
local life = require "lunette.life"
local request = require "lunette.request"
local response = require "lunette.response"
local log = require "lunette.log"

local C, cur = F.C, F.cur
local floor = math.floor

local LENGTH_MAX = 50 -- a Lua function has at most 60 upvalues

local M = {}

local chains = {} -- by number, what rest() and failed() need
local generated = {} -- source and handlers -> function
local function_ids, next_id = setmetatable({}, { __mode = "k" }), 0
local use_count = 0 -- uses that have a number


-- Both objects of the request that runs now.
local function objects()
  return request.new(), response.new()
end


M.objects = objects


-- ---- code ----

local HEAD = [[
local cur, objects, answer, f, C, new_chunk, up, choose = ...
%sreturn function(selfs, depth)
  if selfs == nil then return end
  local req, res = objects()
%s]]
local CHUNK = "  local chunk = new_chunk()\n"
local TAIL = "end\n"

local CALL = {
  request = [[
  cur.at = %d
  %sdo
    local status, body, headers = f%d(selfs[%d], req, res)
    if status ~= nil then return answer(status, body, headers) end
  end
]],
  balance = [[
  cur.at = %d
  %sdo
    local index = f%d(selfs[%d], req, up)
    if index ~= nil then return choose(index) end
    if up.hash ~= nil then return end
  end
]],
  response = [[
  if depth == 0 or depth > %d then
    cur.at = %d
    %slocal status, body, headers = f%d(selfs[%d], req, res)
    if status ~= nil then answer(status, body, headers) end%s
  end
]],
  body = [[
  if (depth == 0 or depth > %d) and C.ln_piece_enter(cur, %d) == 0 then
    %sf%d(selfs[%d], req, res, chunk)%s
    C.ln_piece_leave(cur)
  end
]],
  log = [[
  if depth == 0 or depth >= %d or %s then
    cur.at = %d
    %sf%d(selfs[%d], req, res)%s
  end
]],
}


-- A predicate that raises is the fault of its own plugin: cur.at is set before it is asked.
local function call_code(phase, use, i)
  local condition = use.when and ("if selfs[%d].when(req) then "):format(i) or ""
  local finish = use.when and " end" or ""
  if phase == "request" or phase == "balance" then
    return CALL[phase]:format(i, condition, i, i) .. (use.when and "  end\n" or "")
  elseif phase == "response" then
    return CALL.response:format(i, i, condition, i, i, finish)
  elseif phase == "body" then
    return CALL.body:format(i, i, condition, i, i, finish)
  end
  return CALL.log:format(i, use.handlers.request and "false" or "true", i, condition, i, i, finish)
end


local function id_of(f)
  if not function_ids[f] then
    next_id = next_id + 1
    function_ids[f] = next_id
  end
  return function_ids[f]
end


-- The function for one phase, or nil when no plugin of the chain has that handler.
local function generate(phase, uses)
  local first, last, step = 1, #uses, 1
  if phase ~= "request" and phase ~= "balance" then first, last, step = #uses, 1, -1 end
  local locals, calls, key, functions = {}, {}, {}, {}
  for i = first, last, step do
    local handler = uses[i].handlers[phase]
    if handler then
      locals[#locals + 1] = ("local f%d = f[%d]\n"):format(i, i)
      calls[#calls + 1] = call_code(phase, uses[i], i)
      key[#key + 1] = id_of(handler)
      functions[i] = handler
    end
  end
  if #calls == 0 then return nil end
  local source = HEAD:format(table.concat(locals), phase == "body" and CHUNK or "") .. table.concat(calls) .. TAIL
  local full_key = table.concat(key, ",") .. "\n" .. source
  if not generated[full_key] then
    generated[full_key] =
      assert(loadstring(source, "=chain." .. phase))(cur, objects, response.answer, functions, C, chunk.new,
        balance.up, balance.choose)
  end
  return generated[full_key]
end


-- A chain of uses ({ handlers, self, when, on_error, title, buffer, file, line }) as C takes it: { request, response, body, log,
-- selfs, bodies }, and its number. `route` names it in messages.
function M.make(uses, route)
  if #uses > LENGTH_MAX then
    return nil, ("%d plugins on one route; at most %d are possible"):format(#uses, LENGTH_MAX)
  end
  local chain = { uses = uses, route = route, selfs = {}, bodies = {}, buffer = 0 }
  for i, use in ipairs(uses) do
    if not use.number then
      use_count = use_count + 1
      use.number = use_count
    end
    chain.selfs[i] = use.self
    if use.handlers.body then
      chain.bodies[#chain.bodies + 1] = i
      chain.buffer = math.max(chain.buffer, use.buffer or 0)
    end
  end
  chain.request = generate("request", uses)
  chain.balance = generate("balance", uses)
  chain.response = generate("response", uses)
  chain.body = generate("body", uses)
  chain.log = generate("log", uses)
  chain.number = #chains + 1
  chains[chain.number] = chain
  return chain
end


function M.all()
  return chains
end


-- The uses of the chain that runs.
function M.uses()
  return C.ln_req_number(F.request, C.LN_REQ_CHAIN, F.number) == 0 and chains[F.number[0]].uses or {}
end


-- Forgets the chains; C must have forgotten them too.
function M.reset()
  use_count = 0
  for i = #chains, 1, -1 do chains[i] = nil end
  for slot in pairs(life.kept) do life.kept[slot] = nil end
end


-- ---- compiling ----

local HOT = 2000 -- the parameter hotloop of the JIT compiler; a function becomes hot after twice as many calls
local heated = setmetatable({}, { __mode = "k" })


-- Called by C when a chain has seen some requests: makes the JIT compiler record its next run.
--
-- Left to itself the compiler would find the small functions first, those that several plugins call, and make a trace
-- of each; a chain would then become a patchwork of traces with the interpreter between them, twice as slow as one straight
-- trace. So the counts begin anew, and the chain is called with nothing until its own is just below the mark.
function M.heat(f)
  if heated[f] then return end
  heated[f] = true
  require("jit.opt").start("hotloop=" .. HOT)
  for _ = 1, 2 * HOT - 1 do f(nil) end
end

jit.off(M.heat)


-- ---- when a plugin raises ----

local PHASES = {
  [C.LN_PHASE_REQUEST] = "request",
  [C.LN_PHASE_BALANCE] = "balance",
  [C.LN_PHASE_RESPONSE] = "response",
  [C.LN_PHASE_BODY] = "body",
  [C.LN_PHASE_LOG] = "log",
}


local OUT = {} -- what is raised for a plugin that is in quarantine and whose on_error is "fail"


-- Called by C after a plugin has raised. Says so in the log. Results: whether to go on without it, and whether that counts as its
-- failure.
function M.failed(number, phase, at, message, trace)
  local chain = chains[number]
  local use = chain.uses[at]
  if message == OUT then return false, false end
  local name = use and use.title or "lunette"
  if type(message) ~= "string" then
    message = "an error that is " .. (type(message) == "table" and "a table" or tostring(message))
  end
  local skip = use and use.on_error == "skip"
  log.raised(("plugin %s failed in %s: %s"):format(name, PHASES[phase], message), {
    plugin = name,
    handler = PHASES[phase],
    route = chain.route,
    use = use and ("%s:%d"):format(use.file, use.line) or nil,
    on_error = use and use.on_error or "fail",
    traceback = trace,
  })
  return skip, true
end


-- The handler of plugin i if it is to run now. `out` has bit n for each plugin n in quarantine, whose on_error outcome is given
-- instead.
local function handler_of(chain, phase, i, req, out)
  local use, self = chain.uses[i], chain.selfs[i]
  local handler = use.handlers[phase]
  cur.at = i
  if use.when and not self.when(req) then return nil end
  if out == 0 or floor(out / 2 ^ i) % 2 == 0 then return handler, self end
  if use.on_error ~= "skip" and phase ~= "log" then error(OUT, 0) end
end


local function rest_of_request(chain, after, out)
  local req, res = objects()
  for i = after + 1, #chain.uses do
    if chain.uses[i].handlers.request then
      local handler, self = handler_of(chain, "request", i, req, out)
      if handler then
        local status, body, headers = handler(self, req, res)
        if status ~= nil then return response.answer(status, body, headers) end
      end
    end
  end
end


local function rest_of_balance(chain, after, out)
  local req, up = objects(), balance.up
  for i = after + 1, #chain.uses do
    if chain.uses[i].handlers.balance then
      local handler, self = handler_of(chain, "balance", i, req, out)
      if handler then
        local index = handler(self, req, up)
        if index ~= nil then return balance.choose(index) end
        if up.hash ~= nil then return end
      end
    end
  end
end


local function rest_of_response(chain, after, depth, out)
  local req, res = objects()
  for i = after - 1, 1, -1 do
    if chain.uses[i].handlers.response and (depth == 0 or depth > i) then
      local handler, self = handler_of(chain, "response", i, req, out)
      if handler then
        local status, body, headers = handler(self, req, res)
        if status ~= nil then response.answer(status, body, headers) end
      end
    end
  end
end


local function rest_of_body(chain, after, depth, out)
  local req, res = objects()
  local piece = chunk.new()
  for i = after - 1, 1, -1 do
    if chain.uses[i].handlers.body and (depth == 0 or depth > i) and C.ln_piece_enter(cur, i) == 0 then
      local handler, self = handler_of(chain, "body", i, req, out)
      if handler then handler(self, req, res, piece) end
      C.ln_piece_leave(cur)
    end
  end
end


local function rest_of_log(chain, after, depth, out)
  local req, res = objects()
  for i = after - 1, 1, -1 do
    local handlers = chain.uses[i].handlers
    if handlers.log and (depth == 0 or depth >= i or not handlers.request) then
      local handler, self = handler_of(chain, "log", i, req, out)
      if handler then handler(self, req, res) end
    end
  end
end


-- What is left of a chain without plugin `after`, in the order of the phase.
function M.rest(number, phase, after, depth, out)
  local chain = chains[number]
  if phase == C.LN_PHASE_REQUEST then return rest_of_request(chain, after, out) end
  if phase == C.LN_PHASE_BALANCE then return rest_of_balance(chain, after, out) end
  if phase == C.LN_PHASE_RESPONSE then return rest_of_response(chain, after, depth, out) end
  if phase == C.LN_PHASE_BODY then return rest_of_body(chain, after, depth, out) end
  return rest_of_log(chain, after, depth, out)
end


return M
