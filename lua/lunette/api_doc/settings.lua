-- SPDX-License-Identifier: Apache-2.0
-- api_doc/settings.lua - the types of settings, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "t, the types of settings", name = "t", kind = "types", scope = "plugins",
    about = "Every type takes `required`, `default` and `help`; where it says so also `min` and `max`. In templates stand `req.method`, "
      .. "`path`, `query`, `host`, `scheme`, `version`, `port`, `listener`, `id` and `route`, `req.headers.NAME`, `args`, `cookies`, `params` "
      .. "and `ctx` likewise, and `client.id`, `client.ip`, `client.network` and `client.peer`. `{req.args.next|url}` escapes one name (`url`, `path`, `json`, "
      .. "`html`), and `|raw` does not. Escapes for URLs leave `req.path`, `query`, `host` and `scheme` as they are.",
    rows = {
      { "string", "string", "Text; `min` and `max` are its length." },
      { "integer", "number", "A whole number; `min`, `max`." },
      { "number", "number", "Any number; `min`, `max`." },
      { "boolean", "boolean", "`true` or `false`; `on` and `off` in YAML." },
      { "rate", "{ count, per }", 'Such as `"100/s"`, `"5000/h"` or `"10/30s"`; `per` is in seconds.' },
      { "duration", "number of seconds", 'A number of seconds, or `"250ms"`, `"30s"`, `"5m"`, `"24h"`; `min`, `max`.' },
      { "size", "number of bytes", 'A number of bytes, or `"64k"`, `"1m"`, `"2g"`; `min`, `max`.' },
      { "time", "number", 'Seconds since 1970 of `"2026-11-30T22:00:00Z"` or `"2026-11-30T23:00+01:00"`.' },
      { "url", "string", "An absolute URL." },
      { "media_type", "string", 'A content type as `res:transforms` takes it: `"text/html"`, `"text/*"`, `"application/*+json"`.' },
      { "header_name", "string", "Name of a header field." },
      { "header_value", "string", "Value of a header field: no control characters, no white space at its edges; `min`, `max`." },
      { "content", "string or table", "Content of an answer: a text, or a table that becomes JSON." },
      { "cidr", "object", 'An address or a block such as `"10.0.0.0/8"`; `conf.x:contains(ip)` asks it.' },
      { "pattern", "string", "A well-formed Lua pattern." },
      { "file", "string", "The path of a file, from the one in which it is written; `conf` has its bytes. It is watched. `max`, a number or a size such as `\"1m\"`, bounds them." },
      { "addresses", "set of addresses", 'Blocks and files of them, one in a line: `{ "10.0.0.0/8", "file:office.txt" }`; '
        .. "`conf.x:contains(ip)` asks it in no time." },
      { "template", "function(req)", "Text with names in braces: `{client.id}`, `{req.path}`, `{req.headers.NAME}`, see below. "
        .. '`escape = "url"` (or `path`, `json`, `html`) is for all names in it.' },
      { "key", "{ of, key, title, has_function }", 'Who is counted: `"client"`, `"ip"`, `"route"`, `"host"`, `"method"`, `"header:NAME"`, `"query:NAME"`, '
        .. '`"cookie:NAME"`, a template, a function of the request, or a list of these. `conf.x.of(req)` gives a text, or nil where a '
        .. "function does; without the header the client's identity. `conf.x.key(req)` is for `take`, `look` and `charge` of a limiter while the request "
        .. "runs: most kinds are read there without making a text. `title` is what was written, for names of zones; with `has_function` there is the place "
        .. "of a function in it, which moves when lines are added above." },
      { "amount", "function(req, res)", 'A whole number, `"header:NAME"`, a template or a function: `conf.x(req, res)` gives a whole number up to '
        .. '1e9, or nil where there is none. What a client may have written is at least 1. `of = "response"`: its header.' },
      { "any", "any value", "Whatever is written there, such as a table that becomes JSON." },
      { "secret", "string", 'Text that no message and no listing shows. `"file:PATH"`, beside the file that says so, is what that file has, without a '
        .. 'line end behind it; it is watched.' },
      { "oneof", "string", 'One of the words it lists: `t.oneof { "a", "b", default = "a" }`.' },
      { "list", "list", "`t.list { t.string() }`; `min` and `max` are the number of items." },
      { "map", "table", "`t.map { t.integer() }`, or with a type for names: `t.map { t.header_name(), t.string() }`." },
      { "record", "table", "`t.record { { host = t.string(), port = t.integer() } }`: a table with known names." },
      { "edits", "edits", "Header edits: `{ remove = { \"A\" }, set = { B = \"1\" }, add = { C = \"2\" } }`." },
      { "json_edits", "edits of JSON", "`{ remove = { \"password\" }, rename = { [\"a.b\"] = \"c\" }, set = { [\"user.id\"] = \"{client.id}\" }, "
        .. "add = { [\"items[].seen\"] = true } }`; `add` is for what is not there. `conf.x:apply(text, req)` gives the text with these "
        .. "edits, the rest as it was written, or `nil` and why it is no JSON." },
      { "service", "service", "A service, by name or as `service` gave it." },
    },
  },
}
