-- SPDX-License-Identifier: Apache-2.0
-- A limit whose Redis answers anything but what our scripts answer: requests are judged without it, and nothing else
-- happens.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- What a client sends, command by command.
local function read_command(s)
  local count = s:read_until("\r\n", nil, 3600):match("^%*(%d+)")
  local words = {}
  for i = 1, tonumber(count) do
    local size = s:read_until("\r\n"):match("^%$(%d+)")
    words[i] = s:read_exactly(tonumber(size) + 2):sub(1, -3)
  end
  return words
end


-- Greets like a Redis, and answers scripts with `lie.answer`.
local function liar(lie)
  local listener = gate.socket.listen("127.0.0.1:0")
  gate.go("liar", function()
    while true do
      local ok, s = pcall(listener.accept, listener, 3600)
      if not ok then break end
      gate.go("lies", function()
        pcall(function()
          while true do
            local words = read_command(s)
            s:send(words[1]:find("^EVAL") and lie.answer or words[1] == "PING" and "+PONG\r\n" or "+OK\r\n")
          end
        end)
        s:close()
      end):detach()
    end
  end):detach()
  return listener
end


describe("a limit whose Redis lies", function()
  after_each(gate.cleanup)

  local five = "*5\r\n:%s\r\n:%s\r\n:%s\r\n:%s\r\n:%s\r\n"

  it("does without it", function()
    local lie = { answer = five:format(1, 2, 0, 3, 1) }
    local listener = liar(lie)
    local g = gate.proxy(gate.upstream(), { rateLimit = {
      limit = 1000, window = "24h", algorithm = "gcra", burstSize = 1000, redisURL = "redis://" .. listener.address,
      timeout = "5s",
    } })
    local function judge()
      local r = g:get("/")
      assert.equal(200, r.status)
      return r.headers["X-RateLimit-State"]
    end
    gate.eventually(function() return judge() == "redis" end, "the truth")
    for _, answer in ipairs {
      "+OK\r\n", ":1\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "-ERR no\r\n", "-WRONGTYPE no\r\n",
      "*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n", "*5\r\n:1\r\n:1\r\n$1\r\n1\r\n:1\r\n:1\r\n", five:format(-2, 0, 0, 0, 1),
      five:format(1, -1, 0, 0, 1), five:format(1, 0, 0, 0, 0), five:format(1, 0, 0, 0, 2), "*1\r\n*1\r\n*1\r\n:1\r\n",
      "-NOSCRIPT no\r\n",
    } do
      lie.answer = answer
      for _ = 1, 3 do assert.equal("local", judge(), answer) end
      lie.answer = five:format(1, 2, 0, 3, 1)
      gate.eventually(function() return judge() == "redis" end, "the truth again", 15)
    end
    -- the largest numbers there are
    local most = "9223372036854775807"
    lie.answer = five:format(most, most, most, most, 1)
    assert.equal("redis", judge())
    -- bytes that are no answer at all
    lie.answer = "?what\r\n"
    assert.equal("local", judge())
    lie.answer = five:format(1, 2, 0, 3, 1)
    gate.eventually(function() return judge() == "redis" end, "the truth again", 15)
    listener:close()
  end)
end)
