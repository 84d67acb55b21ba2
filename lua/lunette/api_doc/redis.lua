-- SPDX-License-Identifier: Apache-2.0
-- api_doc/redis.lua - Redis, for the description of the Lua API (see api_doc.lua).

local WHY = "any, string?, string?"

return {
  {
    title = "A Redis handle", name = "handle", kind = "object", class = "lunette.Redis",
    about = "Every command is a method: `r:get(key)`, `r:hset(key, \"field\", 1)`. The handler waits, at most as long as `timeout`; while "
      .. "Redis is known to be down calls fail at once. A call gives its value, or `nil`, a sentence and a code: `down`, `timeout`, "
      .. "`lost`, `full`, `too_large`, `protocol`, or the first word of what Redis answered, such as `WRONGTYPE`. Redis' nil is nil, "
      .. "and `false` inside of lists. Arguments are strings and numbers. All requests of a worker share one connection, so commands "
      .. "that would change it or wait on it (`SUBSCRIBE`, `SELECT`, `WATCH`, `BLPOP`, ...) are refused. In a cluster each command goes to "
      .. "the node of its key, also those of one pipeline, whose order then holds for each node only; keys of a transaction or a script "
      .. "must live together, as `{user7}a` and `{user7}b` do.",
    rows = {
      { "call(command, ...)", "value, or `nil, why, code`", "A command by its name.",
        lua = "fun(self: lunette.Redis, command: string, ...: string|number): " .. WHY },
      { "pipeline(commands)", "list, or `nil, why, code`", 'Several commands in one round trip: `r:pipeline { { "INCR", key }, { "EXPIRE", '
        .. "key, 60 } }`. A command that fails gives `{ err = sentence, code = word }` in its place; when Redis itself cannot (down, a "
        .. "replica, full, loading) it is `nil, why, code`.",
        lua = "fun(self: lunette.Redis, commands: (string|number)[][]): any[]?, string?, string?" },
      { "transaction(commands)", "list, or `nil, why, code`", "The same between `MULTI` and `EXEC`: all of them, and nothing of others in between.",
        lua = "fun(self: lunette.Redis, commands: (string|number)[][]): any[]?, string?, string?" },
      { "eval(script, keys, arguments)", "value, or `nil, why, code`", "Runs a script in Redis, atomically. Sent by its digest when Redis knows it.",
        lua = "fun(self: lunette.Redis, script: string, keys?: (string|number)[], arguments?: (string|number)[]): " .. WHY },
    },
  },
}
