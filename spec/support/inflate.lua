-- SPDX-License-Identifier: Apache-2.0
-- What a browser does with content in the coding gzip: zlib through the FFI, piece by piece.

local ffi = require "ffi"

ffi.cdef [[
typedef struct {
  const uint8_t *next_in; unsigned avail_in; unsigned long total_in;
  uint8_t *next_out; unsigned avail_out; unsigned long total_out;
  const char *msg; void *state; void *zalloc; void *zfree; void *opaque;
  int data_type; unsigned long adler; unsigned long reserved;
} lunette_spec_z;
const char *zlibVersion(void);
int inflateInit2_(lunette_spec_z *z, int bits, const char *version, int size);
int inflate(lunette_spec_z *z, int flush);
int inflateEnd(lunette_spec_z *z);
]]

local found, z = pcall(ffi.load, "z")
if not found then z = ffi.load("libz.so.1") end

local OK, STREAM_END, BUF_ERROR = 0, 1, -5
local GZIP_ONLY = 15 + 16
local ROOM = 65536

local M = {}

local Reader = {}
Reader.__index = Reader


function M.new()
  local stream = ffi.new("lunette_spec_z")
  assert(z.inflateInit2_(stream, GZIP_ONLY, z.zlibVersion(), ffi.sizeof(stream)) == OK)
  local room = ffi.new("uint8_t[?]", ROOM)
  return setmetatable({ stream = ffi.gc(stream, z.inflateEnd), room = room, done = false }, Reader)
end


-- What is known of the content when these bytes have come, too.
function Reader:read(bytes)
  local stream, parts = self.stream, {}
  local rc
  stream.next_in, stream.avail_in = bytes, #bytes
  repeat
    stream.next_out, stream.avail_out = self.room, ROOM
    rc = z.inflate(stream, 0)
    assert(rc == OK or rc == STREAM_END or rc == BUF_ERROR, "not gzip")
    parts[#parts + 1] = ffi.string(self.room, ROOM - stream.avail_out)
  until rc ~= OK or (stream.avail_in == 0 and stream.avail_out > 0)
  self.done = rc == STREAM_END
  assert(not self.done or stream.avail_in == 0, "bytes behind the end")
  return table.concat(parts)
end


-- All of it.
function M.all(bytes)
  local reader = M.new()
  local text = reader:read(bytes)
  assert(reader.done, "the content has no end")
  return text
end


return M
