-- SPDX-License-Identifier: Apache-2.0
-- Every byte at every kind of place: what is not plainly allowed there is refused, what is allowed arrives as it was.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.wire_world"


local START = "POST /a HTTP/1.1\r\nHost: h.test\r\n"
local CHUNKS = START .. "Transfer-Encoding: chunked\r\n\r\n"
local END = "Content-Length: 2\r\n\r\nhi"

-- "@" is where the byte goes.
local PLACES = {
  { "in front of the request", "@POST /a HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in the method", "PO@ST /a HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "behind the method", "POST@ /a HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in front of the target", "POST @/a HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in the path", "POST /a@b HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "at the start of a segment", "POST /a/@/b HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in the query", "POST /a?b@c HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "behind the target", "POST /a@ HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in front of the version", "POST /a @HTTP/1.1\r\nHost: h.test\r\n" .. END },
  { "in the version", "POST /a HTTP/1@.1\r\nHost: h.test\r\n" .. END },
  { "behind the version", "POST /a HTTP/1.1@\r\nHost: h.test\r\n" .. END },
  { "between CR and LF of the request line", "POST /a HTTP/1.1\r@\nHost: h.test\r\n" .. END },
  { "instead of a CR", "POST /a HTTP/1.1\r\nHost: h.test@\n" .. END },
  { "instead of an LF", "POST /a HTTP/1.1\r\nHost: h.test\r@" .. END },
  { "in front of the first field", "POST /a HTTP/1.1\r\n@Host: h.test\r\n" .. END },
  { "in front of a name", START .. "@X-Name: v\r\n" .. END },
  { "in a name", START .. "X-N@ame: v\r\n" .. END },
  { "as a name", START .. "@: v\r\n" .. END },
  { "in front of the colon", START .. "X-Name@: v\r\n" .. END },
  { "instead of the colon", START .. "X-Name@v\r\n" .. END },
  { "in front of a value", START .. "X-Name:@v\r\n" .. END },
  { "in a value", START .. "X-Name: v@w\r\n" .. END },
  { "behind a value", START .. "X-Name: v@\r\n" .. END },
  { "as a value", START .. "X-Name:@\r\n" .. END },
  { "as a line", START .. "@\r\n" .. END },
  { "in Host", "POST /a HTTP/1.1\r\nHost: h@.test\r\n" .. END },
  { "behind Host", "POST /a HTTP/1.1\r\nHost: h.test@\r\n" .. END },
  { "in the port", "POST /a HTTP/1.1\r\nHost: h.test:8@\r\n" .. END },
  { "behind a length", START .. "Content-Length: 2@\r\n\r\nhi" },
  { "in front of a length", START .. "Content-Length: @2\r\n\r\nhi" },
  { "behind a coding", START .. "Transfer-Encoding: chunked@\r\n\r\n2\r\nhi\r\n0\r\n\r\n" },
  { "in Connection", START .. "Connection: x-@y\r\n" .. END },
  { "in the empty line", START .. "Content-Length: 2\r\n\r@\nhi" },
  { "in front of the empty line", START .. "Content-Length: 2\r\n@\r\nhi" },
  { "in the content", START .. "Content-Length: 3\r\n\r\nh@i" },
  { "behind the content", START .. "Content-Length: 2\r\n\r\nhi@" },
  { "in front of a chunk size", CHUNKS .. "@2\r\nhi\r\n0\r\n\r\n" },
  { "behind a chunk size", CHUNKS .. "2@\r\nhi\r\n0\r\n\r\n" },
  { "instead of a chunk's CR", CHUNKS .. "2@\nhi\r\n0\r\n\r\n" },
  { "behind a chunk", CHUNKS .. "2\r\nhi@\r\n0\r\n\r\n" },
  { "instead of the CR behind a chunk", CHUNKS .. "2\r\nhi@\n0\r\n\r\n" },
  { "in a chunk extension", CHUNKS .. "2;a=b@c\r\nhi\r\n0\r\n\r\n" },
  { "in a quoted extension", CHUNKS .. "2;a=\"@\"\r\nhi\r\n0\r\n\r\n" },
  { "behind the last size", CHUNKS .. "2\r\nhi\r\n0@\r\n\r\n" },
  { "in a trailer's name", CHUNKS .. "0\r\nX-@T: v\r\n\r\n" },
  { "in front of a trailer", CHUNKS .. "0\r\n@X-T: v\r\n\r\n" },
  { "in a trailer's value", CHUNKS .. "0\r\nX-T: v@w\r\n\r\n" },
  { "in the last empty line", CHUNKS .. "0\r\nX-T: v\r\n\r@\n" },
}


describe("any byte", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  for _, place in ipairs(PLACES) do
    it(place[1], function()
      local front, back = place[2]:match("^(.-)@(.*)$")
      for byte = 0, 255 do w:prove_followed(front .. string.char(byte) .. back) end
    end)
  end
end)
