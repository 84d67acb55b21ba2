-- SPDX-License-Identifier: Apache-2.0
-- The gateways that count by one rule: each says now and then that it lives, and learns how many do.
--
-- KEYS[1]  a sorted set: who, and until when she is believed to live
-- ARGV     who, and for how many microseconds from now
-- returns  how many there are
local key = KEYS[1]
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local function text(number) return ("%.0f"):format(number) end

-- what is not ours has to go
if type(redis.pcall("ZCARD", key)) == "table" then redis.call("DEL", key) end
redis.call("ZADD", key, text(now + ARGV[2]), ARGV[1])
redis.call("ZREMRANGEBYSCORE", key, "-inf", text(now))
redis.call("ZREMRANGEBYSCORE", key, "(" .. text(now + ARGV[2]), "+inf") -- from before the clock was set back
redis.call("PEXPIRE", key, text(math.ceil(ARGV[2] / 1000)))
return redis.call("ZCARD", key)
