-- SPDX-License-Identifier: Apache-2.0
-- Seeded mutations of byte strings: the same seed always gives the same bytes.

local M = {}

local WORDS = {
  "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", "\0", ":", ",", ";", "=", "0", "1", "5", "a", "f", "-1", "0x", "%",
  "%2e%2e", "%2f", "%00",
  "/", "//", "/../", "?", "#", "HTTP/1.1", "HTTP/1.0", "GET ", "POST ", "HEAD ", "Host: evil.test\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Connection: Content-Length\r\n",
  "Expect: 100-continue\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", " folded\r\n", "0\r\n\r\n",
  "5\r\nhello\r\n",
  "ffffffffffffffff", "GET /evil HTTP/1.1\r\nHost: evil.test\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
  "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "\255", "\127", "X-A: b\r\n", "chunked",
  "Trailer: X-A\r\n",
}


-- Numbers from 1 to `most`, the same for the same seed (Lehmer's generator with Schrage's numbers).
function M.random(seed)
  local state = (seed * 2654435761 + 12345) % 2147483647
  if state == 0 then state = 1 end
  local function next_number(most)
    state = (state * 48271) % 2147483647
    return state % most + 1
  end
  for _ = 1, 5 do next_number(2) end
  return next_number
end


local function once(random, bytes, others)
  local at = random(#bytes + 1)
  local front, back = bytes:sub(1, at - 1), bytes:sub(at)
  local kind = random(9)
  if kind == 1 then return front .. string.char(random(256) - 1) .. back:sub(2) end
  if kind == 2 then return front .. string.char(random(256) - 1) .. back end
  if kind == 3 then return front .. back:sub(1 + random(4)) end
  if kind == 4 then return front .. back:sub(1, random(40)) .. back end
  if kind == 5 then return front .. WORDS[random(#WORDS)] .. back end
  if kind == 6 then return front .. WORDS[random(#WORDS)] .. back:sub(1 + random(8)) end
  if kind == 7 then
    local other = others[random(#others)]
    return front .. other:sub(random(#other))
  end
  if kind == 8 then
    local lines = {}
    for line in bytes:gmatch("[^\n]*\n?") do lines[#lines + 1] = line end
    local i, j = random(#lines), random(#lines)
    lines[i], lines[j] = lines[j], lines[i]
    return table.concat(lines)
  end
  return front
end


-- `bytes` of `others`, mutated a few times as the seed says.
function M.mutate(seed, others)
  local random = M.random(seed)
  local bytes = others[random(#others)]
  for _ = 1, random(3) do bytes = once(random, bytes, others) end
  return bytes, random
end


return M
