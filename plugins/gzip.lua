-- SPDX-License-Identifier: Apache-2.0
-- Compresses responses as they stream, for clients that would rather have them so (RFC 9110 section 12.5.3).
local gzip = plugin "gzip" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    types = t.list { t.media_type(), min = 1,
      default = { "text/*", "application/json", "application/*+json", "application/javascript", "application/xml",
        "application/*+xml", "application/x-ndjson", "application/wasm", "image/svg+xml" },
      help = "Content that is worth it. What is compressed already, such as images, only becomes larger." },
    min_length = t.size { default = 1024,
      help = "Content that is known to be shorter stays as it is." },
    level = t.integer { default = 5, min = 1, max = 9,
      help = "From 1, fast, to 9, small." },
    flush = t.list { t.media_type(), default = { "text/event-stream", "application/x-ndjson" },
      help = "Content whose readers wait for every piece: each is sent at once, and takes a little more room." },
  },
}


-- A client that has our weak form of a validator would not know the service's strong one (RFC 9111 section 4.3.4).
local function weaken_like_before(req, headers)
  local tag, known = headers["ETag"], req.headers["If-None-Match"]
  if tag and known and known:find("W/" .. tag, 1, true) then headers["ETag"] = "W/" .. tag end
end


-- What the client wants is known now; plugins below may ask the service for something else.
function gzip:request(req, res)
  req.ctx[self] = req:accepts_coding("gzip") and "gather" or "plain"
end


function gzip:response(req, res)
  local headers, length = res.headers, res.length
  if res.status == 304 then
    headers:merge("Vary", "Accept-Encoding")
    return weaken_like_before(req, headers)
  elseif (length and length < self.conf.min_length) or not res:may_transform(self.conf.types) then
    return res:skip_body()
  end
  headers:merge("Vary", "Accept-Encoding") -- for the others, too: caches must tell them apart
  if req.ctx[self] == "plain" then return res:skip_body() end
  if res:may_transform(self.conf.flush) then req.ctx[self] = "flush" end
  res:transforms()
  headers["Content-Encoding"] = "gzip"
end


function gzip:body(req, res, chunk)
  chunk:gzip(self.conf.level, req.ctx[self] == "flush")
end


return gzip
