-- SPDX-License-Identifier: Apache-2.0
-- api_doc/request.lua - the request and its parts, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "req, the request", name = "req", kind = "object", class = "lunette.Request",
    about = "Fields marked *settable* can be assigned in request handlers.",
    rows = {
      { "method", "string, settable", "The method, such as `GET`." },
      { "path", "string, settable", "The normalised path, beginning with a slash." },
      { "query", "string or nil, settable", "What follows the question mark, as it was sent." },
      { "host", "string, settable", "The host that the client asked for; what is assigned is what the service is told." },
      { "scheme", "string", "`http` or `https`: how the client came, as a trusted proxy says." },
      { "version", "string", "Version of HTTP: `1.0` or `1.1`." },
      { "id", "string, settable", "The request id, as in the header `X-Request-Id` and in the log: 1 to 128 visible characters." },
      { "port", "integer", "Port of the listener; 0 on a unix socket." },
      { "listener", "string", "Name of the listener." },
      { "route", "string", "Name of the route, such as `GET /users/:id`." },
      { "params", "table", "Parameters of the route's path: `req.params.id`, and `req.params.rest` for `*`.",
        lua = "table<string, string>" },
      { "args", "args, settable", "Arguments of the query, decoded: `req.args.page`. Assigning rewrites the query. `all(name)` and `each()` as in headers.",
        lua = "lunette.Values" },
      { "cookies", "cookies", "Cookies of the request: `req.cookies.session`. `all(name)` and `each()` as in headers.",
        lua = "lunette.Values" },
      { "headers", "headers", "The header fields, see below." },
      { "client", "client", "Who sent the request, see below." },
      { "upstream", "service or nil, settable",
        "The service that will get the request; assign a service or its name to send it elsewhere.",
        lua = "lunette.Service|string|nil" },
      { "priority", "string or nil, settable",
        "`low`, `normal` or `high`: who is refused first when a service has more than its `concurrency` allows; nil: what the service says.",
        lua = "\"low\"|\"normal\"|\"high\"|nil" },
      { "body", "string or nil, settable", "The content: nil until `read_body` has read it. Can be assigned then, or when the "
        .. "request has none; it is what goes to the service." },
      { "length", "integer or nil", "Bytes of the content; nil when only its end will tell." },
      { "limit_body(max)", "boolean", 'At most so much content passes (`"1m"`): the gateway answers 413 to more, as soon as it knows. '
        .. "False when it knows already; the handler can then answer itself. In request handlers.",
        lua = "fun(max: string|integer): boolean" },
      { "read_body(max)", "string, or `nil, why`", 'Waits for all of the content, at most `max` bytes (`"1m"`); in request handlers. '
        .. 'Larger: `nil, "too large"`, and 413 unless the handler answers.',
        lua = "fun(max?: string|integer): string?, string?" },
      { "json(max)", "value, or `nil, why`", "The content read as JSON.", lua = "fun(max?: string|integer): any, string?" },
      { "accepts_coding(name)", "boolean", 'Whether the client would rather have the content coding, such as `"gzip"`, than the content as it is.',
        lua = "fun(name: string): boolean" },
      { "refuse(status, code, text, headers)", "status, body, headers", "For `return`: an answer in the form of the gateway's own, with `error`, "
        .. "`code` and `request_id`, and the code in `X-Lunette-Reason`.",
        lua = "fun(status: integer, code: string, text: string, headers?: table<string, any>): integer, table, table" },
      { "ctx", "table", "An empty table for this request, shared by the plugins and gone with it." },
      { "started", "number", "When the request came, in seconds since 1970." },
    },
  },
  {
    title = "headers, of req and res", name = "headers", kind = "object", class = "lunette.Headers",
    about = 'Names are the same in any case. Assigning replaces all fields of the name, `nil` removes them. '
      .. "Values with line ends or other control characters are refused. In a request handler, edits of `res.headers` are kept "
      .. "and made when there is a response, whoever made it.",
    rows = {
      { 'headers["Name"]', "string or nil, settable", "The first value of that name.", lua = "[string]: string|number|nil" },
      { "add(name, value)", "nothing", "One more field of that name.", lua = "fun(name: string, value: string|number)" },
      { "all(name)", "list of strings", "Every value of that name, in order.", lua = "fun(name: string): string[]" },
      { "each()", "iterator", "`for name, value in req.headers:each() do`: every field, in order.",
        lua = "fun(): (fun(): string?, string?)" },
      { "has(name, word)", "boolean", "Whether the word is in the comma-separated values of that name: `res.headers:has(\"Cache-Control\", \"private\")`.",
        lua = "fun(name: string, word: string): boolean" },
      { "is_type(types)", "boolean", "Whether the content is of one of these types: `req.headers:is_type { \"application/*+json\" }`.",
        lua = "fun(types: string[]): boolean" },
      { "merge(name, word)", "nothing", "Adds the word to those values unless it, or `*`, is there: `res.headers:merge(\"Vary\", \"Origin\")`.",
        lua = "fun(name: string, word: string)" },
      { "apply(edits)", "nothing", "Makes the edits of a setting of type `t.edits`.", lua = "fun(edits: lunette.Edits)" },
    },
  },
}
