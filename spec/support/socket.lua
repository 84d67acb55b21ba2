-- SPDX-License-Identifier: Apache-2.0
-- Raw stream sockets for actors: every call waits on the loop, nothing is buffered that was not asked for.

local ffi = require "ffi"
local bit = require "bit"
local sys = require "spec.support.sys"
local loop = require "spec.support.loop"


local C = ffi.C
local AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
local SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC = 1, 2, 0x800, 0x80000
local SOL_SOCKET, SO_REUSEADDR, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_LINGER = 1, 2, 4, 7, 8, 13
local IPPROTO_TCP, TCP_NODELAY = 6, 1
local MSG_NOSIGNAL = 0x4000
local CHUNK = 65536

local scratch = ffi.new("uint8_t[?]", CHUNK)
local M = {}

local Socket = {}
Socket.__index = Socket
M.Socket = Socket


local function put_port(sa, port)
  sa.data[0], sa.data[1] = bit.rshift(port, 8), bit.band(port, 255)
end


local function unix_address(path)
  local sa = ffi.new("struct e2e_sockaddr")
  sa.family = AF_UNIX
  assert(#path < 108, "the path of a unix socket is too long: " .. path)
  ffi.copy(sa.data, path)
  return sa, 2 + #path + 1
end


-- "127.0.0.1:80", "[::1]:80", "unix:/path" -> family, sockaddr, length
local function parse(address)
  local path = address:match("^unix:(.+)$")
  if path then return AF_UNIX, unix_address(path) end
  local sa = ffi.new("struct e2e_sockaddr")
  local port = address:match("^%[::1?%]:(%d+)$")
  if port then
    sa.family = AF_INET6
    put_port(sa, tonumber(port))
    sa.data[21] = address:match("^%[::1") and 1 or 0
    return AF_INET6, sa, 28
  end
  local a, b, c, d, p = address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+):(%d+)$")
  assert(a, "not an address: " .. address)
  sa.family = AF_INET
  put_port(sa, tonumber(p))
  sa.data[2], sa.data[3], sa.data[4], sa.data[5] = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  return AF_INET, sa, 16
end


local function set_int(fd, level, name, value)
  sys.check(C.setsockopt(fd, level, name, ffi.new("int[1]", value), 4), "setsockopt")
end


local function open(family)
  return sys.check(C.socket(family, SOCK_STREAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0), "socket")
end


local function wrap(fd, address, is_tcp)
  if is_tcp then set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) end
  return setmetatable({ fd = fd, address = address, buffer = "", received = 0, sent = 0 }, Socket)
end


local function local_port(fd)
  local sa, length = ffi.new("struct e2e_sockaddr"), ffi.new("unsigned[1]", 128)
  sys.check(C.getsockname(fd, sa, length), "getsockname")
  return sa.data[0] * 256 + sa.data[1]
end


local function is_open(self)
  if not self.fd then error(loop.gone("closed on this side"), 3) end
end


-- An address of our own on which nobody listens yet: connecting is refused, and the port stays ours. Port 0 is replaced
-- by the one that the kernel chose.
function M.bind(address)
  local family, sa, length = parse(address)
  local fd = open(family)
  if family ~= AF_UNIX then set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) end
  if C.bind(fd, sa, length) < 0 then
    local why = sys.why("bind " .. address)
    C.close(fd)
    error(why, 2)
  end
  if family ~= AF_UNIX then address = address:gsub("%d+$", tostring(local_port(fd))) end
  return wrap(fd, address, false)
end


-- A datagram socket at a path, for sd_notify; read it with :recv().
function M.datagrams(path)
  local fd = sys.check(C.socket(AF_UNIX, SOCK_DGRAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0), "socket")
  local sa, length = unix_address(path)
  sys.check(C.bind(fd, sa, length), "bind " .. path)
  return wrap(fd, path, false)
end


-- A UDP socket on an address of our own, for :recv_from() and :send_to().
function M.packets(address)
  local family, sa, length = parse(address)
  local fd = sys.check(C.socket(family, SOCK_DGRAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0), "socket")
  if C.bind(fd, sa, length) < 0 then
    local why = sys.why("bind " .. address)
    C.close(fd)
    error(why, 2)
  end
  return wrap(fd, (address:gsub("%d+$", tostring(local_port(fd)))), false)
end


-- The next packet, and who has sent it.
function Socket:recv_from(timeout)
  while true do
    loop.wait_fd(self.fd, "r", "a packet to " .. self.address, timeout or 3600)
    is_open(self)
    local peer = { sa = ffi.new("struct e2e_sockaddr"), length = ffi.new("unsigned[1]", 128) }
    local n = C.recvfrom(self.fd, scratch, CHUNK, 0, peer.sa, peer.length)
    if n >= 0 then return ffi.string(scratch, n), peer end
    if ffi.errno() ~= sys.EAGAIN then error(loop.gone(sys.why("recvfrom")), 2) end
  end
end


-- One that does not fit is lost, as packets are.
function Socket:send_to(bytes, peer)
  is_open(self)
  C.sendto(self.fd, bytes, #bytes, MSG_NOSIGNAL, peer.sa, peer.length[0])
end


function Socket:listen(backlog)
  sys.check(C.listen(self.fd, backlog or 128), "listen " .. self.address)
  return self
end


function M.listen(address, backlog)
  return M.bind(address):listen(backlog)
end


-- The next connection of a listening socket.
function Socket:accept(timeout)
  while true do
    loop.wait_fd(self.fd, "r", "a connection to " .. self.address, timeout or 3600)
    is_open(self)
    local fd = C.accept4(self.fd, nil, nil, SOCK_NONBLOCK + SOCK_CLOEXEC)
    if fd >= 0 then return wrap(fd, self.address, not self.address:find("^unix:")) end
    if ffi.errno() ~= sys.EAGAIN then error(sys.why("accept"), 2) end
  end
end


local function pending_error(fd)
  local value, length = ffi.new("int[1]"), ffi.new("unsigned[1]", 4)
  C.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length)
  return value[0]
end


-- Raises a "gone" error when the other side refuses. `options`: receive_buffer, from (local address).
function M.connect(address, options)
  local family, sa, length = parse(address)
  local fd = open(family)
  local s = wrap(fd, address, family ~= AF_UNIX)
  -- What stays behind in TIME_WAIT must not keep others from listening on our port.
  if family ~= AF_UNIX then set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) end
  if options and options.receive_buffer then
    set_int(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer)
  end
  if options and options.from then
    local _, local_sa, local_length = parse(options.from .. ":0")
    sys.check(C.bind(fd, local_sa, local_length), "bind " .. options.from)
  end
  if C.connect(fd, sa, length) < 0 then
    local code = ffi.errno()
    if code == sys.EINPROGRESS or code == sys.EAGAIN then
      loop.wait_fd(fd, "w", "a connection to " .. address)
      code = pending_error(fd)
    end
    if code ~= 0 then
      s:close()
      error(loop.gone("connect " .. address .. ": " .. ffi.string(C.strerror(code))), 2)
    end
  end
  return s
end


-- Sends what fits now; the number of bytes, 0 when the other side does not read.
function Socket:try_send(bytes, from)
  is_open(self)
  from = from or 0
  local p = ffi.cast("const char *", bytes)
  local n = C.send(self.fd, p + from, #bytes - from, MSG_NOSIGNAL)
  if n >= 0 then
    self.sent = self.sent + tonumber(n)
    return tonumber(n)
  end
  if ffi.errno() == sys.EAGAIN then return 0 end
  error(loop.gone(sys.why("send")), 2)
end


-- Sends all of it.
function Socket:send(bytes, timeout)
  local done = 0
  while done < #bytes do
    local n = self:try_send(bytes, done)
    done = done + n
    if n == 0 then loop.wait_fd(self.fd, "w", "room to send", timeout) end
  end
end


-- One byte per step: a fresh segment each, with time in between.
function Socket:trickle(bytes, step)
  for i = 1, #bytes do
    self:send(bytes:sub(i, i))
    loop.pause(step or 0.001)
  end
end


-- Some bytes as they come; "" at the clean end of the stream. A reset raises a "gone" error.
function Socket:recv(max, timeout)
  is_open(self)
  if #self.buffer > 0 then
    local piece = self.buffer:sub(1, max)
    self.buffer = self.buffer:sub(#piece + 1)
    return piece
  end
  while true do
    local n = C.recv(self.fd, scratch, math.min(max or CHUNK, CHUNK), 0)
    if n >= 0 then
      self.received = self.received + tonumber(n)
      return ffi.string(scratch, n)
    end
    if ffi.errno() ~= sys.EAGAIN then error(loop.gone(sys.why("recv")), 2) end
    loop.wait_fd(self.fd, "r", "bytes from " .. self.address, timeout)
    is_open(self)
  end
end


-- Puts bytes back in front of what is read next.
function Socket:unread(bytes)
  self.buffer = bytes .. self.buffer
end


-- Up to and including `delimiter`; nil and what there was when the stream ended first.
function Socket:read_until(delimiter, max, timeout)
  local text = ""
  while true do
    local _, last = text:find(delimiter, 1, true)
    if last then
      self:unread(text:sub(last + 1))
      return text:sub(1, last)
    end
    if #text > (max or 1048576) then error("no end of line in " .. #text .. " bytes", 2) end
    local piece = self:recv(nil, timeout)
    if piece == "" then return nil, text end
    text = text .. piece
  end
end


-- Exactly n bytes; nil and what there was when the stream ended first.
function Socket:read_exactly(n, timeout)
  local pieces, have = {}, 0
  while have < n do
    local piece = self:recv(n - have, timeout)
    if piece == "" then return nil, table.concat(pieces) end
    pieces[#pieces + 1], have = piece, have + #piece
  end
  return table.concat(pieces)
end


-- Everything to the end. `is_reset` is true when the end was a reset.
function Socket:read_all(timeout)
  local pieces, is_reset = {}, false
  while true do
    local ok, piece = pcall(self.recv, self, nil, timeout)
    if not ok then
      if not loop.is_gone(piece) then error(piece, 0) end
      is_reset = true
      break
    end
    if piece == "" then break end
    pieces[#pieces + 1] = piece
  end
  return table.concat(pieces), is_reset
end


-- True when nothing arrives and nothing ends for so long.
function Socket:is_silent(seconds)
  return #self.buffer == 0 and not loop.is_readable_within(self.fd, seconds)
end


function Socket:half_close()
  C.shutdown(self.fd, 1)
end


function Socket:set_send_buffer(size)
  set_int(self.fd, SOL_SOCKET, SO_SNDBUF, size)
end


function Socket:close()
  local fd = self.fd
  self.fd = nil
  if not fd then return end
  loop.forget_fd(fd)
  C.close(fd)
end


-- Closes with a reset instead of an end.
function Socket:reset()
  if not self.fd then return end
  C.setsockopt(self.fd, SOL_SOCKET, SO_LINGER, ffi.new("struct e2e_linger", { 1, 0 }), 8)
  self:close()
end


return M
