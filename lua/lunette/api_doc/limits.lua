-- SPDX-License-Identifier: Apache-2.0
-- api_doc/limits.lua - what plugins that limit have in common, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "limits", name = "limits", kind = "library",
    about = "What plugins have in common that limit, each by its own way to count; `concurrency-limit` shows how it goes together.",
    rows = {
      { "settings(own)", "table", "For `schema`: the plugin's own settings and those that all share: `by`, `dry_run`, `status`, `body` and `answer_headers`.",
        lua = "fun(own: table<string, lunette.Type>): table<string, lunette.Type>" },
      { "init(self, about)", "nothing", "In `init`. `about` has `code` and `sentence` of a refusal, `metric` and `help` of the counter, `dry_run_header`, and "
        .. "`what`, the words for a request over the limit in the log.",
        lua = "fun(self: table, about: { code: string, sentence: string, metric: string, help: string, dry_run_header: string, what: string })" },
      { "over(self, req, res, wait, code, sentence)", "nothing, or an answer", "For `return`: the request is over its limit, and passes after `wait` seconds; nil: it never "
        .. "does. It is counted, and refused or, with `dry_run`, only told of. `code` and `sentence` where it is for another reason than `about` says.",
        lua = "fun(self: table, req: lunette.Request, res: lunette.Response, wait?: number, code?: string, sentence?: string): integer?, table|string?, table?" },
      { "beyond(self, req, res)", "nothing, or an answer", "For `return`: it costs more than ever passes, so that there is no use in coming back: `cost_above_limit`, without `Retry-After`.",
        lua = "fun(self: table, req: lunette.Request, res: lunette.Response): integer?, table|string?, table?" },
      { "unknown(self, req, wait)", "an answer", "For `return`: Redis does not count, and `on_down` says that nobody passes: 503 `limit_unknown`. It is counted as refused.",
        lua = "fun(self: table, req: lunette.Request, wait: number): integer, table?, table?" },
      { "tell(res, most, left, reset)", "nothing", "Tells the client where it stands, in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`: what passes at once, how much of "
        .. "it is left, and the seconds until all of it is back; whole numbers. A later word on it rules.",
        lua = "fun(res: lunette.Response, most: integer, left: integer, reset: integer)" },
      { "check_redis(conf)", "true, or nil and a sentence", "For `check` of a plugin with `redis`, `zone` and `state_header`: whether they go together.",
        lua = "fun(conf: table): boolean?, string?" },
      { "in_redis(self, zone, told)", "the limit", "In `init`, to count in Redis by a script of your own, as the settings `redis`, `timeout` and `on_down` say. `told` is a dictionary "
        .. "of the zone, `store.dict(zone .. \"/redis\", { size = \"16k\" })`, for what the log has been told. Its `key(who)` is `rate_limit:{zone:who}`, and "
        .. "`ask(script, key, arguments, count)` gives the `count` whole numbers that the script gives, or nil: Redis does not count now. `quota` shows how it goes together.",
        lua = "fun(self: table, zone: string, told: lunette.Dict): { key: (fun(self: table, who: string): string), ask: (fun(self: table, script: string, key: string, arguments: any[], count: integer): integer[]?) }" },
    },
  },
}
