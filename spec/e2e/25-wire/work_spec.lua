-- SPDX-License-Identifier: Apache-2.0
-- Requests made to cost more than their size: none costs a worker more than a millisecond, or what a slower processor makes
-- of it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local limits = require "spec.support.wire_limits"


local COUNT = 40
local MOST = 0.001 -- seconds of the processor for each,
local TIMES = 15   -- or so many times those of a plain request of the same size, where that is more

local START = "GET /x HTTP/1.1\r\nHost: a.test\r\n"
local CHUNKED = "POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"


local function fields(line, size)
  return (line .. "\r\n"):rep(math.min(95, math.floor(size / (#line + 2))))
end


-- Just within the limits: a request line of 8 KiB, 100 fields of 32 KiB in all.
local CASES = {
  ["one long field"] = START .. "X-A: " .. ("a"):rep(30000) .. "\r\n\r\n",
  ["many fields"] = START .. fields("X-A: " .. ("a"):rep(300), 30000) .. "\r\n",
  ["options of Connection, all alike"] = START .. "Connection: " .. ("a,"):rep(14000) .. "a\r\n" .. fields("b: c",
  2000) .. "\r\n",
  ["options of Connection that name fields"] = START .. fields("Connection: " .. ("x-a,"):rep(75), 30000):sub(1,
  -1) .. "\r\n",
  ["empty options of Connection"] = START .. "Connection: " .. (","):rep(30000) .. "\r\n\r\n",
  ["options of TE"] = START .. "TE: " .. ("a,"):rep(15000) .. "\r\n\r\n",
  ["offers of Upgrade"] = START .. "Connection: upgrade\r\nUpgrade: " .. ("a,"):rep(15000) .. "a\r\n\r\n",
  ["dot segments"] = "GET " .. ("/a/.."):rep(1600) .. "/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["escapes"] = "GET /" .. ("%61"):rep(2600) .. " HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["slashes"] = "GET " .. ("/"):rep(8000) .. " HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["climbing"] = "GET " .. ("/a"):rep(1500) .. ("/.."):rep(1500) .. " HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["parameters"] = "GET /" .. ("a;.;"):rep(1900) .. " HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["arguments"] = "GET /?" .. ("a&"):rep(3900) .. " HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ["types to accept"] =
    "GET /none-there HTTP/1.1\r\nHost: a.test\r\nExpect: x\r\nAccept: " .. ("a/b;q=0.1,"):rep(3000) .. "*/*\r\n\r\n",
  ["hops"] = START .. "X-Forwarded-For: " .. ("1.1.1.1,"):rep(3700) .. "1.1.1.1\r\n\r\n",
  ["cookies"] = START .. "Cookie: " .. ("a=b; "):rep(6000) .. "\r\n\r\n",
  ["a long host"] = "GET / HTTP/1.1\r\nHost: " .. ("a."):rep(127) .. "b\r\n\r\n",
  ["chunks of one byte"] = CHUNKED .. ("1\r\na\r\n"):rep(5000) .. "0\r\n\r\n",
  ["extensions"] = CHUNKED .. "1" .. (";a=b"):rep(1000) .. "\r\na\r\n0\r\n\r\n",
  ["trailers"] = CHUNKED .. "0\r\n" .. ("a: b\r\n"):rep(90) .. "\r\n",
  ["empty lines"] = "\r\n\r\n\r\n\r\n" .. START .. "\r\n",
}


describe("a request of", function()
  local g, most

  -- Whatever it is answered; a refusal takes the connection with it.
  local function ask(c, bytes)
    c = c or gate.client(g)
    local r = c:send(bytes):read("GET", 10)
    assert.is_not_nil(r)
    if r.status == 200 then return c end
    c:close()
  end

  -- Seconds of the processor for one of them.
  local function cost(bytes)
    local c = ask(nil, bytes)
    local before = limits.cpu_of_loop(g)
    for _ = 1, COUNT do c = ask(c, bytes) end
    return (limits.cpu_of_loop(g) - before) / COUNT
  end

  setup(function()
    g = gate.proxy(gate.upstream(), { gateway = {
      trustedProxies = { "127.0.0.0/8", "1.1.1.1" }, identity = { from = { "query:zz", "cookie:zz", "header:zz",
      "address" } },
    } })
    most = math.max(MOST, TIMES * cost(CASES["one long field"]))
  end)
  teardown(gate.cleanup)

  for name, bytes in pairs(CASES) do
    it(name .. " costs no more than another", function()
      assert.is_true(#bytes < 42000)
      local each = cost(bytes)
      if limits.is_sanitized(g) then return end
      assert.is_true(each < most, ("%.2f ms each, and not %.2f"):format(each * 1000, most * 1000))
      assert.equal("upstream", g:get("/clean").body)
    end)
  end
end)
