-- SPDX-License-Identifier: Apache-2.0
-- api_doc/store.lua - memory shared by all workers, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "store, memory shared by all workers", name = "store", kind = "library",
    about = "It survives reloads, and a worker's death at any moment. A zone is opened in `init` and has one set of settings; it "
      .. "belongs to its plugin, or with `share = true` to all that ask for it so.",
    rows = {
      { "limiter(zone, rate, burst, options)", "limiter",
        'How often each key may pass, exact across workers. `rate` is `"100/s"` or a setting of type `t.rate`, or a list of up to 8, '
        .. "which must all let pass. Options: `algorithm` is `gcra`, a bucket that lets `burst` through at once, or `sliding_window`, "
        .. "`sliding_log` or `fixed_window`, which have no burst (nil); see the page on limits. `entries` (65536; as many as 64 MiB "
        .. "hold of a log) is how many keys are told apart, `share = true` shares the zone with other plugins. `redis = url` counts in "
        .. "Redis, together with other gateways that say the same zone (or `name`): the handler waits, for `timeout` (50ms) at most; "
        .. "without Redis `on_down` holds: `local`, `allow` or `deny`; `lease = n` fetches n at once, to be spent here. In specs it is "
        .. "counted in memory.",
        lua = "fun(zone: string, rate: string|table, burst?: integer, options?: "
          .. "{ algorithm?: string, entries?: integer, share?: boolean, redis?: string, name?: string, timeout?: number|string, "
          .. "on_down?: string, lease?: integer }): lunette.Limiter" },
      { "permits(zone, options)", "permits",
        "At most so many of each key at once. Options: `entries` (16384), how many may be held in all; `share`.",
        lua = "fun(zone: string, options?: { entries?: integer, share?: boolean }): lunette.Permits" },
      { "bandwidth(zone, options)", "bandwidth",
        "How many bytes a second each key gets, or sends, over all workers. Options: `entries` (65536), how many keys are told apart; "
        .. "`share`.",
        lua = "fun(zone: string, options?: { entries?: integer, share?: boolean }): lunette.Bandwidth" },
      { "counters(zone, options)", "counters",
        "Whole numbers by key. Options: `entries` (65536), how many keys there may be; `share`.",
        lua = "fun(zone: string, options?: { entries?: integer, share?: boolean }): lunette.Counters" },
      { "dict(zone, options)", "dict",
        'Values by key. Options: `size` (`"1m"`, from `"16k"` to `"256m"`) of memory; `evict = false`: when it is full, what is new '
        .. "is refused, while otherwise what was not used lately makes room; `share`.",
        lua = "fun(zone: string, options?: { size?: string|integer, evict?: boolean, share?: boolean }): lunette.Dict" },
    },
  },
  {
    title = "A limiter", name = "limiter", kind = "object", class = "lunette.Limiter",
    about = "What `store.limiter` gives.",
    rows = {
      { "take(key, cost, rate)", "boolean, number, number, number, integer",
        "Takes `cost` (1) of what the key may have, or nothing: whether it was there, what is left, in how many seconds it would be there, "
        .. "in how many all is back, and which of several rates says so, the tightest. With `rate` (`{ count =, per =, burst = }`, per in "
        .. "seconds) the key is judged by that, and counted apart; windows and logs take no longer one than their own. Of one in Redis the "
        .. "handler waits, and a sixth result tells who has judged: `redis`, `leased`, or `local`, `allow`, `deny` without it.",
        lua = "fun(key: string, cost?: number, rate?: table): boolean, number, number, number, integer, string?" },
      { "look(key, cost, rate)", "boolean, number, number, number, integer", "The same, and nothing is taken.",
        lua = "fun(key: string, cost?: number, rate?: table): boolean, number, number, number, integer" },
      { "charge(key, cost, rate)", "boolean, number, number, number, integer",
        "Takes in any case, for what is known only afterwards: a bucket owes what there was not, a window or log is then full.",
        lua = "fun(key: string, cost?: number, rate?: table): boolean, number, number, number, integer" },
    },
  },
  {
    title = "Permits", name = "permits", kind = "object", class = "lunette.Permits",
    about = "What `store.permits` gives: exact over all workers. What a worker held comes back when it has died.",
    rows = {
      { "take(key, most, hold)", "number, or `nil, why`",
        'A permit for the key if fewer than `most` (up to 10000) are held, for `hold` seconds (3600) at most. `"none"`: there are; '
        .. '`"full"`: no room in the zone.',
        lua = "fun(key: string, most: integer, hold?: number): number?, string?" },
      { "give(key, permit)", "nothing", "Gives it back: in a `log` handler, which runs also when the client has gone.",
        lua = "fun(key: string, permit: number)" },
    },
  },
  {
    title = "A bandwidth", name = "bandwidth", kind = "object", class = "lunette.Bandwidth",
    about = "What `store.bandwidth` gives.",
    rows = {
      { "pace(key, rate, burst, side)", "nothing",
        'Content of this response goes no faster than `rate` bytes a second (a number, or a size such as `"512k"`), after `burst` bytes at '
        .. "once: as many as the rate gives in a second. Whoever has the same key shares that; with nil nobody does. `side`: `response`, "
        .. "in `request` and `response` handlers, or `request`, for what is sent to the service, in `request` handlers. Several hold "
        .. "together. Nothing is refused: what is too fast waits, and its sender with it.",
        lua = 'fun(key: string?, rate: number|string, burst?: number|string, side?: "response"|"request")' },
    },
  },
  {
    title = "Counters", name = "counters", kind = "object", class = "lunette.Counters",
    about = "What `store.counters` gives. What `incr` has returned is counted, exactly once; a counter goes when its `ttl` is over or "
      .. "when it is deleted, never for want of room.",
    rows = {
      { "incr(key, n, ttl)", "integer, or `nil, why`",
        "Adds `n` (1) and returns the sum. A counter that begins with this ends `ttl` seconds from now (without: never); one that is "
        .. 'there keeps its end. `"full"`: no room for another key; `"out of range"`: beyond 2^53.',
        lua = "fun(key: string, n?: integer, ttl?: number): integer?, string?" },
      { "get(key)", "integer or nil", "The number; nil when nothing was counted.", lua = "fun(key: string): integer?" },
      { "delete(key)", "integer or nil", "Ends the counter and returns what it had come to: every addition is in this number, or in "
        .. "the next counter of the key.", lua = "fun(key: string): integer?" },
    },
  },
  {
    title = "A dict", name = "dict", kind = "object", class = "lunette.Dict",
    about = "What `store.dict` gives. Values are texts, numbers and booleans and come back as such; `ttl` is in seconds, with "
      .. "fractions, and without it a value has no end. Key and value together have at most 1 MiB, and an eighth of the dict. What "
      .. 'cannot be stored gives `nil` and `"full"` or `"too large"`, and nothing has changed.',
    rows = {
      { "get(key)", "value or nil", "The value.", lua = "fun(key: string): string|number|boolean|nil" },
      { "set(key, value, ttl)", "`true`, or `nil, why`", "Stores a value, whatever is there.",
        lua = "fun(key: string, value: string|number|boolean, ttl?: number): boolean?, string?" },
      { "add(key, value, ttl)", "boolean, or `nil, why`",
        "Stores a value if there is none; of all workers that try at once, one gets `true`.",
        lua = "fun(key: string, value: string|number|boolean, ttl?: number): boolean?, string?" },
      { "cas(key, old, new, ttl)", "boolean, or `nil, why`",
        "Stores `new` if what is there equals `old`. nil as `old`: nothing is there; nil as `new`: it is deleted.",
        lua = "fun(key: string, old: string|number|boolean|nil, new: string|number|boolean|nil, ttl?: number): boolean?, string?" },
      { "delete(key)", "boolean", "Whether there was a value.", lua = "fun(key: string): boolean" },
      { "incr(key, n, ttl)", "number, or `nil, why`",
        'Adds `n` (1) to a number and returns the sum; begins with 0 and `ttl` when there is nothing. `"not a number"`: it is a text '
        .. "or a boolean.",
        lua = "fun(key: string, n?: number, ttl?: number): number?, string?" },
    },
  },
}
