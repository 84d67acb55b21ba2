-- SPDX-License-Identifier: Apache-2.0
-- chunk.lua - a piece of the response's content as body handlers see it: chunk.size, chunk.last, chunk:text(), chunk:set(s),
-- chunk:drop(), chunk:replace(plain, with).
--
-- The object is a small handle that dies when the piece has gone through the handlers.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C, cur, str, number, to_string = F.C, F.cur, F.str, F.number, F.string
local piece = F.piece
local type, tostring = type, tostring

local LEVEL = 5
local FIELDS = { "drop", "gzip", "last", "replace", "set", "size", "text" }

local M = {}
local methods = {}


local function refuse(rc, what)
  if rc == C.LN_EGONE then fault.raise(what .. ": this piece of the content has gone on; a chunk cannot be kept") end
  if rc == C.LN_ELIMIT then fault.raise(what .. ": that is more than can be held of one piece") end
  fault.refuse(rc, what)
end


-- Its bytes as a string.
function methods.text(chunk)
  local rc = C.ln_piece_text(chunk, str)
  if rc ~= 0 then refuse(rc, "chunk:text") end
  return to_string(str.ptr, str.len)
end


-- These bytes take its place.
function methods.set(chunk, bytes)
  if type(bytes) == "number" then bytes = tostring(bytes) end
  if type(bytes) ~= "string" then fault.raise("chunk:set: expected a string, got a " .. type(bytes)) end
  local rc = C.ln_piece_set(chunk, bytes, #bytes)
  if rc ~= 0 then refuse(rc, "chunk:set") end
end


-- Nothing of it goes on.
function methods.drop(chunk)
  local rc = C.ln_piece_set(chunk, "", 0)
  if rc ~= 0 then refuse(rc, "chunk:drop") end
end


-- Every `plain` becomes `with`, wherever the content was cut into pieces. How many there were; one that goes on in the next piece
-- counts there.
function methods.replace(chunk, plain, with, most)
  if type(plain) ~= "string" or type(with) ~= "string" then
    fault.raise(("chunk:replace: expected two strings, got %s and %s"):format(text.show(plain), text.show(with)))
  end
  if most ~= nil and (type(most) ~= "number" or most < 1) then
    fault.raise("chunk:replace: expected a number of at least 1, got " .. text.show(most))
  end
  local rc = C.ln_piece_replace(chunk, plain, #plain, with, #with, most or 0, number)
  if rc == C.LN_EINVAL then
    fault.raise(("chunk:replace: expected 1 to 4096 bytes to look for, got %d"):format(#plain))
  end
  if rc ~= 0 then refuse(rc, "chunk:replace") end
  return number[0]
end


-- From here on the content goes out in the coding gzip; level 1 (fast) to 9 (small), 5 without it. `flush` sends what there is at
-- once. The head is the response handler's: Content-Encoding, and res:transforms() for the rest.
function methods.gzip(chunk, level, flush)
  if level == nil then level = LEVEL end
  if type(level) ~= "number" then fault.raise("chunk:gzip: expected a level from 1 to 9, got " .. text.show(level)) end
  local rc = C.ln_piece_gzip(cur, chunk, level, flush and true or false)
  if rc == 0 then return end
  if rc == C.LN_EINVAL then fault.raise("chunk:gzip: expected a level from 1 to 9, got " .. text.number(level)) end
  if rc == C.LN_ESTATE then fault.raise("chunk:gzip: this piece is encoded already") end
  refuse(rc, "chunk:gzip")
end


local function get(chunk, name)
  local method = methods[name]
  if method then return method end
  if name == "size" then
    local rc = C.ln_piece_text(chunk, str)
    if rc ~= 0 then refuse(rc, "chunk.size") end
    return tonumber(str.len)
  elseif name == "last" then
    local rc = C.ln_piece_is_last(chunk)
    if rc < 0 then refuse(rc, "chunk.last") end
    return rc == 0
  end
  fault.raise(("chunk has no field %s%s"):format(text.quote(tostring(name)), text.hint(tostring(name), FIELDS)))
end


F.metatype(F.piece, {
  __index = get,
  __newindex = function() fault.raise("chunk cannot be assigned to: chunk:set(text) changes it") end,
  __tostring = function() return "chunk" end,
  __metatable = "chunk",
})

M.methods = methods


-- The piece that goes through the handlers now.
function M.new()
  return piece(cur.req, cur.serial, cur.piece)
end


return M
