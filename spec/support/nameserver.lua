-- SPDX-License-Identifier: Apache-2.0
-- A scripted name server on a free loopback port, over UDP and TCP. What it says of a name may change at any time:
--
--   ns:set("users.test", { a = { "127.0.0.1" }, aaaa = { "::1" }, ttl = 0 })
--   ns:set("_http._tcp.users.test", { srv = { { 10, 1, 8080, "a.users.test" } } })   priority, weight, port, target
--   ns:set("users.test", {})           there is such a name, and it has no records
--   ns:set("users.test", nil)          there is no such name
--   ns:set("users.test", "servfail")   or "refused", "silent", "garbage" (bytes that are no answer), "cut" (half of one)
--
-- With `truncated = true` an answer comes over TCP only; with `fails = "aaaa"` questions of that type are SERVFAIL.
-- `ns.asked[name]` counts the questions of any type.

local bit = require "bit"
local loop = require "spec.support.loop"
local socket = require "spec.support.socket"


local TYPES = { [1] = "a", [28] = "aaaa", [33] = "srv" }
local NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5

local M = {}

local Server = {}
Server.__index = Server


local function u16(n)
  return string.char(bit.rshift(n, 8), bit.band(n, 255))
end


local function name_bytes(name)
  return (name:gsub("([^.]+)%.?", function(label) return string.char(#label) .. label end)) .. "\0"
end


local DATA = {
  a = function(address)
    return string.char(address:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$"))
  end,
  aaaa = function(address)
    assert(address == "::1", "the script knows no IPv6 address but ::1")
    return ("\0"):rep(15) .. "\1"
  end,
  srv = function(record)
    return u16(record[1]) .. u16(record[2]) .. u16(record[3]) .. name_bytes(record[4])
  end,
}


-- The question: its name in lower case, its type, and its bytes.
local function read_question(message)
  local labels, at = {}, 13
  while message:byte(at) > 0 do
    local n = message:byte(at)
    labels[#labels + 1] = message:sub(at + 1, at + n):lower()
    at = at + n + 1
  end
  return table.concat(labels, "."), message:byte(at + 1) * 256 + message:byte(at + 2), message:sub(13, at + 4)
end


local function head(message, flags, code, questions, answers)
  return message:sub(1, 2) .. string.char(flags, code) .. u16(questions) .. u16(answers) .. "\0\0\0\0"
end


local function records_of(said, kind, type)
  local records, ttl = {}, said.ttl or 0
  ttl = u16(bit.rshift(ttl, 16)) .. u16(bit.band(ttl, 65535))
  for _, value in ipairs(said[kind] or {}) do
    local data = DATA[kind](value)
    records[#records + 1] = "\xc0\x0c" .. u16(type) .. u16(1) .. ttl .. u16(#data) .. data
  end
  return records
end


-- nil: nothing is said.
local function answer(self, message, over_tcp)
  local name, type, question = read_question(message)
  local said = self.names[name]
  self.asked[name] = (self.asked[name] or 0) + 1
  if said == "silent" then return nil end
  if said == "garbage" then return message:sub(1, 2) .. "\x81\x80" .. ("\xff"):rep(40) end
  if said == nil then return head(message, 0x81, 0x80 + NXDOMAIN, 1, 0) .. question end
  if said == "servfail" then return head(message, 0x81, 0x80 + SERVFAIL, 1, 0) .. question end
  if said == "refused" then return head(message, 0x81, 0x80 + REFUSED, 1, 0) .. question end
  if said == "cut" then return head(message, 0x81, 0x80, 1, 3) .. question .. "\xc0\x0c\0\1" end
  if said.fails == TYPES[type] then return head(message, 0x81, 0x80 + SERVFAIL, 1, 0) .. question end
  if said.truncated and not over_tcp then return head(message, 0x83, 0x80, 1, 0) .. question end
  local records = records_of(said, TYPES[type], type)
  return head(message, 0x81, 0x80, 1, #records) .. question .. table.concat(records)
end


local function answer_packets(self)
  while self.udp.fd do
    local message, peer = self.udp:recv_from()
    local reply = answer(self, message, false)
    if reply then self.udp:send_to(reply, peer) end
  end
end


local function answer_connection(self, s)
  while true do
    local size = s:read_exactly(2)
    if not size or #size < 2 then break end
    local reply = answer(self, s:read_exactly(size:byte(1) * 256 + size:byte(2)), true)
    if reply then s:send(u16(#reply) .. reply) end
  end
  s:close()
end


local function answer_connections(self)
  while self.tcp.fd do
    loop.go("name server connection", answer_connection, self, self.tcp:accept()):detach()
  end
end


-- The same free port for both.
local function open(self)
  for _ = 1, 20 do
    local tcp = socket.listen("127.0.0.1:0")
    local ok, udp = pcall(socket.packets, tcp.address)
    if ok then
      self.tcp, self.udp, self.address = tcp, udp, tcp.address
      return
    end
    tcp:close()
  end
  error("no port that is free for UDP and TCP", 0)
end


function M.start()
  local self = setmetatable({ names = {}, asked = {} }, Server)
  open(self)
  loop.go("name server", answer_packets, self):detach()
  loop.go("name server over TCP", answer_connections, self):detach()
  return self
end


function Server:set(name, said)
  self.names[name] = said
end


-- Until it has been asked for the name `more` times from now on.
function Server:wait_asked(name, more, timeout)
  local from = self.asked[name] or 0
  loop.wait_until(function() return (self.asked[name] or 0) >= from + more end,
    ("%d questions about %s"):format(more, name), timeout)
end


function Server:stop()
  self.udp:close()
  self.tcp:close()
end


return M
