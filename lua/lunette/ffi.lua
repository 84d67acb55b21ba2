-- SPDX-License-Identifier: Apache-2.0
-- ffi.lua - the one file that knows the FFI: declares the boundary, checks that both sides mean the same, hands out C.

local ffi = require "ffi"

local found, host = pcall(require, "lunette.host")
if not found then
  error("no module lunette.host: `make test` builds it into build/lib; `lunette test` needs none\n" .. host, 0)
end

local API_MAJOR = 1

ffi.cdef(host.cdef)

local C = host.library and ffi.load(host.library) or ffi.C


-- A stale specs library or a header that the two compilers read differently would corrupt memory; it stops here instead.
local function check()
  -- A function that is declared and not there is found now and not in the night.
  for name in host.cdef:gmatch("[%s*](ln_[%w_]+)%(") do
    if not pcall(function() return C[name] end) then
      error(name .. " is declared in api.cdef.h and missing in the core")
    end
  end
  local major = C.ln_api_major()
  if major ~= API_MAJOR then
    error(("the core speaks version %d of the boundary, lua/lunette version %d"):format(major, API_MAJOR))
  end
  for _, row in ipairs(host.layout) do
    local kind, expected, field = row[1], row[2], row[3]
    local got = field and ffi.offsetof(kind, field) or ffi.sizeof(kind)
    if got ~= expected then
      error(("%s%s: %d in C, %d in Lua"):format(kind, field and "." .. field or "", expected, got))
    end
  end
end

check()

-- What runs now. The cast of an address happens here, once: casts of addresses are not compiled.
local cur = ffi.cast("struct ln_cur *", host.cur)

local M = {
  C = C,
  api_major = API_MAJOR,
  cur = cur,
  request = ffi.cast("const struct ln_handle *", cur.request),
  response = ffi.cast("const struct ln_handle *", cur.response),

  -- Where texts and numbers come out of C. Read at once, never across a wait.
  str = ffi.new("struct ln_str"),
  str2 = ffi.new("struct ln_str"),
  number = ffi.new("double[1]"),
  at = ffi.new("uint32_t[1]"),
  taken = ffi.new("struct ln_taken"),
  allowed = ffi.new("struct ln_allowed"),
  value = ffi.new("struct ln_value"),
  size = ffi.new("size_t[1]"),
  match = ffi.new("struct ln_match"),
  redis_value = ffi.new("struct ln_redis_value"),

  string = ffi.string,
  piece = ffi.typeof("struct ln_piece"),
  up = ffi.typeof("struct { const int32_t ln_none; }"),
  instance = ffi.typeof [[
    struct { const int32_t ln_index, weight, active; const bool healthy; const double ln_latency; }]],
  seen = ffi.new("struct ln_up_seen"),
  bytes = ffi.typeof("char[?]"),
  metatype = ffi.metatype,
}


-- A list of edits that is freed with its last reference.
function M.new_edits()
  return ffi.gc(C.ln_edits_new(), C.ln_edits_free)
end


-- A set of address blocks, freed likewise.
function M.new_blocks()
  return ffi.gc(C.ln_blocks_new(), C.ln_blocks_free)
end


-- A request to be made, freed with its last reference or, better, as soon as its reply has been read. nil: not a method.
function M.new_http(method)
  local h = C.ln_http_new(cur, method, #method)
  if h == nil then return nil end
  return ffi.gc(h, C.ln_http_free)
end


function M.free_http(h)
  C.ln_http_free(ffi.gc(h, nil))
end


-- A public key, freed with its last reference; nil, and why is in M.str.
function M.new_key(form, a, b, c)
  local key = C.ln_crypto_key_new(cur, form, a, #a, b or "", b and #b or 0, c or "", c and #c or 0, M.str)
  if key == nil then return nil end
  return ffi.gc(key, C.ln_crypto_key_free)
end


-- A password to be judged, likewise.
function M.new_verify()
  return ffi.gc(C.ln_verify_new(cur), C.ln_verify_free)
end


function M.free_verify(v)
  C.ln_verify_free(ffi.gc(v, nil))
end


-- A call to Redis, likewise; nil where there is no Redis.
function M.new_ask(use)
  local ask = C.ln_redis_ask_new(use)
  if ask == nil then return nil end
  return ffi.gc(ask, C.ln_redis_ask_free)
end


-- ... and given back at once.
function M.free_ask(ask)
  C.ln_redis_ask_free(ffi.gc(ask, nil))
end


-- A question to a limit in Redis, likewise, which can be asked again once it was answered.
function M.new_meter_ask(use)
  local ask = C.ln_meter_ask_new(use)
  if ask == nil then return nil end
  return ffi.gc(ask, C.ln_meter_ask_free)
end


function M.meter(address)
  return ffi.cast("struct ln_meter_use *", address)
end


function M.redis(address)
  return ffi.cast("struct ln_redis_use *", address)
end


function M.limiter(address)
  return ffi.cast("struct ln_limiter *", address)
end


function M.bandwidth(address)
  return ffi.cast("struct ln_bandwidth *", address)
end


function M.permits(address)
  return ffi.cast("struct ln_store_permits *", address)
end


function M.counters(address)
  return ffi.cast("struct ln_store_counters *", address)
end


function M.dict(address)
  return ffi.cast("struct ln_store_dict *", address)
end


function M.metric(address)
  return ffi.cast("struct ln_metric_handle *", address)
end


return M
