-- SPDX-License-Identifier: Apache-2.0
-- Content-Length and Transfer-Encoding, in every way to write them wrong: refused, or exactly one meaning.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.wire_world"


local LENGTHS = {
  "+5", "-5", "5 5", "5,5", "5, 5", "5,", ",5", "0x5", "5.0", "5e0", "five", "", " ", "5;a", "5\v", "5\f", "5\0",
  "\0005",
  "5\r", "5_", "5L", "1 000", '"5"', "'5'", "(5)", "5%20", "٥", "５", "NaN", "inf", "18446744073709551616",
  "18446744073709551621", "9223372036854775808", "99999999999999999999999999", "-0", "+0", "5\\r\\n", "0b101", "0o5",
  " 5 ", "\t5\t", "05", "0000005", "5",
}

local CODINGS = {
  "identity", "gzip", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked, gzip", "chunked, chunked",
  "chunked,", ",chunked", ", chunked", "", " ", "chunked;q=1", "chunked; a", "xchunked", "chunkedx", '"chunked"',
  "'chunked'", "chunked x", "x chunked", "chunk", "chunke", "\vchunked", "\fchunked", "chunked\v", "chunked\f",
  "chunked\0", "\0chunked", "chunked\r", "c\255hunked", "=chunked", "chunked=", "chunked\160", "\160chunked",
  "{chunked}",
  "chunked/1", "ch\tunked", "ch unked", "chunke\204\129d", "%63hunked", "trailers", "close",
  "chunked", "Chunked", "CHUNKED", " chunked ", "\tchunked\t",
}

local NAMES = { "Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING", "tRaNsFeR-eNcOdInG" }

local ODD_NAMES = {
  "Transfer-Encoding ", "Transfer-Encoding\t", " Transfer-Encoding", "\tTransfer-Encoding", "Transfer_Encoding",
  "transfer_encoding", "Transfer-Encoding\0", "Transfer\0-Encoding", "Transfer-Encoding\v", "Transfer Encoding",
  "Transfer-Encoding\r", "\rTransfer-Encoding", "Transfer\t-Encoding", '"Transfer-Encoding"', "Transfer-Encoding:",
  "Transfer\255-Encoding", "TransferEncoding", "X-Transfer-Encoding", "Transfer-Encodin", "Transfer-Encodings",
  "Content-Length ", "Content_Length", "Content-Length\0", "Content\vLength", " Content-Length", "ContentLength",
}

local BODY = "5\r\nhello\r\n0\r\n\r\n"


local function post(fields, body, version)
  local start = "POST /x HTTP/" .. (version or "1.1") .. "\r\nHost: a.test\r\nX-Before: 1\r\n"
  return start .. fields .. "X-After: 2\r\n\r\n" .. body
end


describe("framing", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  local function proves(name, bytes)
    it(name, function() w:prove_followed(bytes) end)
  end

  for _, value in ipairs(LENGTHS) do
    proves("Content-Length: " .. world.quote(value), post("Content-Length: " .. value .. "\r\n", "hello"))
  end

  for _, value in ipairs(CODINGS) do
    local line = "Transfer-Encoding: " .. value .. "\r\n"
    proves("Transfer-Encoding: " .. world.quote(value), post(line, BODY))
    for _, length in ipairs { "Content-Length: 5\r\n", "Content-Length: 15\r\n", "content-length: 0\r\n" } do
      proves(length:sub(1, -3) .. " before " .. world.quote(value), post(length .. line, BODY))
      proves(length:sub(1, -3) .. " behind " .. world.quote(value), post(line .. length, BODY))
    end
    proves("HTTP/1.0 with " .. world.quote(value), post(line, BODY, "1.0"))
  end

  for _, name in ipairs(NAMES) do
    proves(name, post(name .. ": chunked\r\n", BODY))
    proves(name .. " and a length", post(name .. ": chunked\r\nContent-Length: 3\r\n", BODY))
  end

  for _, name in ipairs(ODD_NAMES) do
    proves(world.quote(name) .. " alone", post(name .. ": chunked\r\n", BODY))
    proves(world.quote(name) .. " with a length", post("Content-Length: 5\r\n" .. name .. ": 0\r\n", "hello"))
  end

  for _, first in ipairs { "5", "0", "15", "x", "" } do
    for _, second in ipairs { "5", "6", "0", "-1" } do
      proves(("lengths %q and %q"):format(first, second),
        post(("Content-Length: %s\r\nX-Between: 1\r\ncontent-length: %s\r\n"):format(first, second), "hello"))
    end
  end

  for _, first in ipairs { "chunked", "identity", "" } do
    for _, second in ipairs { "chunked", "identity", "gzip", "" } do
      proves(("codings %q and %q"):format(first, second),
        post(("Transfer-Encoding: %s\r\nTransfer-Encoding: %s\r\n"):format(first, second), BODY))
    end
  end

  for _, method in ipairs { "GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH" } do
    proves(method .. " with a length", (post("Content-Length: 5\r\n", "hello"):gsub("^POST", method)))
    proves(method .. " with chunks", (post("Transfer-Encoding: chunked\r\n", BODY):gsub("^POST", method)))
    proves(method .. " with neither", (post("", ""):gsub("^POST", method)))
  end
end)
