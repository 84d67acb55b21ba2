-- SPDX-License-Identifier: Apache-2.0
-- api_doc/response.lua - the response and its content, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "res, the response", name = "res", kind = "object", class = "lunette.Response",
    about = "In a request handler only `res.headers` is of use; the rest is nil until there is a response.",
    rows = {
      { "status", "integer or nil, settable", "The status; can be assigned in response handlers." },
      { "headers", "headers", "The header fields, see above." },
      { "origin", "string or nil", "Who made the response: `upstream`, `plugin` or `gateway`." },
      { "upstream", "table or nil",
        "The attempt that answered: `service`, `address`, `attempt`, `connect_ms`, `first_byte_ms`.",
        lua = "lunette.Attempt?" },
      { "length", "integer or nil", "Bytes of the content, where that is known before it comes." },
      { "bytes", "integer", "Bytes of content sent so far." },
      { "duration", "number", "Seconds since the request came." },
      { "transforms(types)", "boolean", "In a response handler: this plugin will change the content if it is of one of these types. Length, digests and "
        .. "ranges go, a strong `ETag` becomes weak. False, and it sees no chunk: other types, 204, 206, 304, content that is encoded or `no-transform`.",
        lua = "fun(types?: string[]): boolean" },
      { "may_transform(types)", "boolean", "What `transforms` would say, and nothing changes.", lua = "fun(types?: string[]): boolean" },
      { "skip_body()", "nothing", "In a response handler: this plugin sees no chunk of this response." },
    },
  },
  {
    title = "chunk, a piece of the content", name = "chunk", kind = "object", class = "lunette.Chunk",
    about = "What body handlers get: the content as it comes, so pieces begin and end anywhere, and the last one may be empty. "
      .. "It is good until the handlers of this piece are through.",
    rows = {
      { "size", "integer", "Its bytes." },
      { "last", "boolean", "Whether nothing follows." },
      { "text()", "string", "The bytes." },
      { "set(text)", "nothing", "This text takes its place.", lua = "fun(text: string)" },
      { "drop()", "nothing", "Nothing of it goes on." },
      { "replace(plain, with, most)", "integer", "Every `plain` (1 to 4096 bytes, no pattern) becomes `with`, also where it spans pieces: "
        .. "what may be its beginning waits for the next piece. At most `most` of them, if given. How many ended in this one.",
        lua = "fun(plain: string, with: string, most?: integer): integer" },
      { "gzip(level, flush)", "nothing", "From here to the last piece the content goes out in the coding gzip, level 1 to 9 (5); "
        .. "`flush` sends what there is at once. A response handler says so first: `res:transforms()`, and `Content-Encoding: gzip`.",
        lua = "fun(level?: integer, flush?: boolean)" },
    },
  },
}
