-- SPDX-License-Identifier: Apache-2.0
-- api_doc.lua - every name that a plugin or a routes file can use: its type and a sentence.
--
-- The reference page is made from this, and a spec holds it against what the sandbox really offers.
-- A row is { name, type, sentence }.

return {
  version = 1,

  intro = [[
What plugins (`plugins/*.lua`) and routes files (`routes.lua`, or a directory of them) work with. Everything else of
Lua 5.1 that cannot harm others is there too: `string`, `table`, `math`, `bit`, `pairs`, `ipairs`, `pcall`, `error`,
`tostring`, `tonumber`, `select`, `type`, `unpack`, `setmetatable`, coroutines. `io`, `os`, `debug`, `ffi` and `package`
are not. Globals can be read but not made: a plugin keeps its state on `self`, a request's state is in `req.ctx`.]],

  objects = {
    {
      title = "A plugin file", name = "plugin",
      about = 'A file returns what `plugin "name" { ... }` gave, with handlers added as methods. '
        .. "A handler gets `self` (one object per use; `self.conf` are its settings), the request and the response.",
      rows = {
        { "version", "string", "Version of the plugin, for people. Required." },
        { "api", "integer", "Version of this page that the plugin was written for: 1. Required." },
        { "schema", "table of types", "The settings: name = type, see below." },
        { "check", "function(conf)", 'Judges settings together: `true`, or `nil, "why not"`.' },
        { "buffer", "size", 'Body handlers see the content of a response as one chunk, at most this large, such as `"64k"`; '
          .. "a larger one is cut off. The option `buffer` of a route counts instead, if there is one." },
      },
    },
    {
      title = "Handlers", name = "handlers",
      about = "Every handler is optional. Request handlers run in the order of the routes file, response, body and log "
        .. "handlers the other way round, so that a plugin wraps what stands below it.",
      rows = {
        { "init(self)", 'nothing, or `nil, "reason"`',
          "Once per use and worker, before the first request. A reason refuses the configuration." },
        { "request(self, req, res)", "nothing, or `status, body, headers`",
          "Before an instance is chosen. A status answers the request; a table as body becomes JSON. May wait." },
        { "response(self, req, res)", "nothing, or `status, body, headers`",
          "The head of the response is here, nothing is sent. A status replaces the response. May wait." },
        { "body(self, req, res, chunk)", "nothing",
          "A piece of the response's content, see below; not for HEAD, 204 and 304. May wait. An error cuts the response off." },
        { "log(self, req, res)", "nothing", "After the last byte. May wait." },
        { "close(self)", "nothing", "This configuration is retired." },
      },
    },
    {
      title = "req, the request", name = "req",
      about = "Fields marked *settable* can be assigned in request handlers.",
      rows = {
        { "method", "string, settable", "The method, such as `GET`." },
        { "path", "string, settable", "The normalised path, beginning with a slash." },
        { "query", "string or nil, settable", "What follows the question mark, as it was sent." },
        { "host", "string, settable", "The host that the client asked for; what is assigned is what the service is told." },
        { "scheme", "string", "`http` or `https`." },
        { "version", "string", "Version of HTTP: `1.0` or `1.1`." },
        { "id", "string", "The request id, as in the header `X-Request-Id`." },
        { "port", "integer", "Port of the listener; 0 on a unix socket." },
        { "listener", "string", "Name of the listener." },
        { "route", "string", "Name of the route, such as `GET /users/:id`." },
        { "params", "table", "Parameters of the route's path: `req.params.id`, and `req.params.rest` for `*`." },
        { "args", "args, settable", "Arguments of the query, decoded: `req.args.page`. Assigning rewrites the query. `all(name)` and `each()` as in headers." },
        { "cookies", "cookies", "Cookies of the request: `req.cookies.session`. `all(name)` and `each()` as in headers." },
        { "headers", "headers", "The header fields, see below." },
        { "client", "client", "Who sent the request, see below." },
        { "upstream", "service or nil, settable",
          "The service that will get the request; assign a service or its name to send it elsewhere." },
        { "body", "string or nil, settable", "The content: nil until `read_body` has read it. Can be assigned then, or when the "
          .. "request has none; it is what goes to the service." },
        { "read_body(max)", "string, or `nil, why`", 'Waits for all of the content, at most `max` bytes (`"1m"`); in request handlers. '
          .. 'Larger: `nil, "too large"`, and 413 unless the handler answers.' },
        { "json(max)", "value, or `nil, why`", "The content read as JSON." },
        { "ctx", "table", "An empty table for this request, shared by the plugins and gone with it." },
        { "started", "number", "When the request came, in seconds since 1970." },
      },
    },
    {
      title = "req.client, who sent it", name = "client",
      about = "The address is the one behind proxies that `trustedProxies` names, else the socket's.",
      rows = {
        { "ip", "string", "Address of the client, behind trusted proxies." },
        { "peer", "string", "Address of the other end of the connection." },
        { "port", "integer", "Port of the other end of the connection." },
        { "id", "string, settable", "Who the request is counted as; begins as the identity that `gateway.yaml` asks for." },
      },
    },
    {
      title = "headers, of req and res", name = "headers",
      about = 'Names are the same in any case. Assigning replaces all fields of the name, `nil` removes them. '
        .. "Values with line ends or other control characters are refused. In a request handler, edits of `res.headers` are kept "
        .. "and made when there is a response, whoever made it.",
      rows = {
        { 'headers["Name"]', "string or nil, settable", "The first value of that name." },
        { "add(name, value)", "nothing", "One more field of that name." },
        { "all(name)", "list of strings", "Every value of that name, in order." },
        { "each()", "iterator", "`for name, value in req.headers:each() do`: every field, in order." },
        { "apply(edits)", "nothing", "Makes the edits of a setting of type `t.edits`." },
      },
    },
    {
      title = "res, the response", name = "res",
      about = "In a request handler only `res.headers` is of use; the rest is nil until there is a response.",
      rows = {
        { "status", "integer or nil, settable", "The status; can be assigned in response handlers." },
        { "headers", "headers", "The header fields, see above." },
        { "origin", "string or nil", "Who made the response: `upstream`, `plugin` or `gateway`." },
        { "upstream", "table or nil",
          "The attempt that answered: `service`, `address`, `attempt`, `connect_ms`, `first_byte_ms`." },
        { "bytes", "integer", "Bytes of content sent so far." },
        { "duration", "number", "Seconds since the request came." },
        { "skip_body()", "nothing", "In a response handler: this plugin sees no chunk of this response." },
      },
    },
    {
      title = "chunk, a piece of the content", name = "chunk",
      about = "What body handlers get: the content as it comes, so pieces begin and end anywhere, and the last one may be empty. "
        .. "It is good until the handlers of this piece are through.",
      rows = {
        { "size", "integer", "Its bytes." },
        { "last", "boolean", "Whether nothing follows." },
        { "text()", "string", "The bytes." },
        { "set(text)", "nothing", "This text takes its place." },
        { "drop()", "nothing", "Nothing of it goes on." },
        { "replace(plain, with)", "integer", "Every `plain` (1 to 4096 bytes, no pattern) becomes `with`, also where it spans pieces: "
          .. "what may be its beginning waits for the next piece. How many ended in this one." },
      },
    },
    {
      title = "store, memory shared by all workers", name = "store",
      about = "It survives reloads and workers. A zone is opened in `init` and has one set of settings.",
      rows = {
        { "limiter(zone, rate, burst, options)", "limiter",
          'A token bucket per key, exact across workers. `rate` is `"100/s"` or a setting of type `t.rate`; options: '
          .. "`entries` (65536) is how many keys are told apart, `share = true` shares the zone with other plugins." },
      },
    },
    {
      title = "A limiter", name = "limiter",
      about = "What `store.limiter` gives.",
      rows = {
        { "take(key, cost)", "boolean, number, number",
          "Takes `cost` (1) from the key's bucket: whether it was there, what is left, and in how many seconds it would be there." },
      },
    },
    {
      title = "log", name = "log",
      about = "One line in the gateway's log, with the plugin and the request id. `fields` is a table of what belongs to it.",
      rows = {
        { "debug(text, fields)", "nothing", "For whoever looks for a fault." },
        { "info(text, fields)", "nothing", "Worth knowing." },
        { "warn(text, fields)", "nothing", "Something is wrong that the gateway can live with." },
        { "error(text, fields)", "nothing", "Something is wrong that somebody should look at." },
      },
    },
    {
      title = "json", name = "json",
      about = "JSON text and Lua tables.",
      rows = {
        { "encode(value)", "string", "JSON text of a value; names are sorted, so that equal tables give equal text." },
        { "decode(text)", "value, or nil and why", "The value that a JSON text stands for." },
        { "null", "value", "Stands for JSON's `null` inside a table." },
        { "array(table)", "table", "Marks a table, so that an empty one becomes `[]` and not `{}`." },
      },
    },
    {
      title = "crypto", name = "crypto",
      about = "Hashes, and texts for bytes.",
      rows = {
        { "sha256(bytes)", "string", "SHA-256 as 32 bytes." },
        { "sha256_hex(bytes)", "string", "SHA-256 as 64 hexadecimal digits." },
        { "random(n)", "string", "`n` bytes that nobody can guess." },
        { "equal(a, b)", "boolean", "Whether two texts are equal, in a time that does not tell where they differ." },
        { "hex(bytes)", "string", "Two hexadecimal digits for each byte." },
        { "base64(bytes)", "string", "Base64 with padding." },
        { "base64url(bytes)", "string", "Base64 in the alphabet of file names, without padding." },
      },
    },
    {
      title = "Functions", name = "functions",
      about = "Names that plugins and inline handlers can call.",
      rows = {
        { "sleep(seconds)", "nothing", "Waits; other requests go on meanwhile." },
        { "time()", "number", "Seconds since 1970, with fractions." },
        { "hostname()", "string", "Name of this machine." },
        { "print(...)", "nothing", "A line in the log, for a quick look while writing a plugin." },
        { 'require "name"', "value", "What the module `lib/name.lua` in the plugin folder returns; in plugins only." },
      },
    },
    {
      title = "A routes file", name = "routes",
      about = "Calls that take a table read like configuration. They are known while the file is read, not in handlers.",
      rows = {
        { 'service "name"', "service", "A service of `gateway.yaml`; with a table after it, a new service with the keys "
          .. "of `services` in `gateway.yaml`, in snake_case." },
        { 'get "/path" { ... }', "nothing", "A route for GET; `:name` stands for one segment, `*` for the rest." },
        { 'post "/path" { ... }', "nothing", "A route for POST." },
        { 'put "/path" { ... }', "nothing", "A route for PUT." },
        { 'patch "/path" { ... }', "nothing", "A route for PATCH." },
        { 'delete "/path" { ... }', "nothing", "A route for DELETE." },
        { 'head "/path" { ... }', "nothing", "A route for HEAD." },
        { 'options "/path" { ... }', "nothing", "A route for OPTIONS." },
        { 'any "/path" { ... }', "nothing", "A route for every method." },
        { 'group "/prefix" { ... }', "nothing", "Routes below a prefix, and plugins for all of them." },
        { 'use "plugin" { ... }', "use", "A plugin with its settings: in a route or a group, or on its own for every route below it." },
        { "env(name, default)", "string", "A variable of the environment; without a default it must be set." },
        { 'include "file.lua"', "nothing", "Reads another routes file in this place." },
      },
    },
    {
      title = "Options of a route", name = "options",
      about = "A route is a table of these, of `use` calls, and of functions that are request handlers in their place.",
      rows = {
        { "to", "service or its name", "Where requests go that no handler answers." },
        { "strip", "path, or true", "A prefix that is taken off before the request is sent on; `true`: all before the first `:name` or `*`." },
        { "timeout", "duration", "How long the service may be silent." },
        { "retries", "integer", "Further attempts after the first, where a repetition is safe." },
        { "tries", "integer", "The same with the first attempt counted; one of the two." },
        { "host", "host name, or list of them", 'Only requests to this host; `"*.example.com"` is any one label in front.' },
        { "listener", "name, or list of names", "Only requests that came in there." },
        { "name", "string", "Name of the route in logs and tables." },
        { "buffer", "size", 'Body handlers see the content as one chunk, at most this large, such as `"64k"`; a larger response is '
          .. "cut off." },
        { "reply", "{ status, body, headers }", "The answer, always the same." },
      },
    },
    {
      title = "t, the types of settings", name = "t",
      about = "Every type takes `required`, `default` and `help`; where it says so also `min` and `max`.",
      rows = {
        { "string", "string", "Text; `min` and `max` are its length." },
        { "integer", "number", "A whole number; `min`, `max`." },
        { "number", "number", "Any number; `min`, `max`." },
        { "boolean", "boolean", "`true` or `false`; `on` and `off` in YAML." },
        { "rate", "{ count, per }", 'Such as `"100/s"`, `"5000/h"` or `"10/30s"`; `per` is in seconds.' },
        { "duration", "number of seconds", 'A number of seconds, or `"250ms"`, `"30s"`, `"5m"`, `"24h"`; `min`, `max`.' },
        { "size", "number of bytes", 'A number of bytes, or `"64k"`, `"1m"`, `"2g"`; `min`, `max`.' },
        { "url", "string", "An absolute URL." },
        { "header_name", "string", "Name of a header field." },
        { "cidr", "object", 'An address or a block such as `"10.0.0.0/8"`; `conf.x:contains(ip)` asks it.' },
        { "pattern", "string", "A well-formed Lua pattern." },
        { "template", "function(req)", "Text with names in braces: `{client.id}`, `{req.path}`, `{req.headers.NAME}`." },
        { "secret", "string", "Text that no message and no listing shows." },
        { "oneof", "string", 'One of the words it lists: `t.oneof { "a", "b", default = "a" }`.' },
        { "list", "list", "`t.list { t.string() }`; `min` and `max` are the number of items." },
        { "map", "table", "`t.map { t.integer() }`, or with a type for names: `t.map { t.header_name(), t.string() }`." },
        { "record", "table", "`t.record { { host = t.string(), port = t.integer() } }`: a table with known names." },
        { "edits", "edits", "Header edits: `{ remove = { \"A\" }, set = { B = \"1\" }, add = { C = \"2\" } }`." },
        { "service", "service", "A service, by name or as `service` gave it." },
      },
    },
  },
}
