-- SPDX-License-Identifier: Apache-2.0
-- Changes JSON on its way: sets, adds, removes and renames values of requests and responses, and leaves the rest as written.
local PATHS = " Paths are `user.name`, `items[0].id`, `items[].price` for every item; texts may have names in braces."

local transform = plugin "body-transform" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    request = t.json_edits {
      help = "What changes in the content of requests." .. PATHS },
    response = t.json_edits {
      help = "What changes in the content of responses." .. PATHS },
    max = t.size { default = "1m", min = 1, max = "16m",
      help = "The most content that is changed; it is held in memory meanwhile." },
    types = t.list { t.media_type(), min = 1, default = { "application/json", "application/*+json" },
      help = "Content of these types is changed; other content stays as it is." },
    strict = t.boolean { default = true,
      help = "Content of these types that cannot be changed, because it is too large, encoded or no JSON, is refused: "
        .. "requests with 413, 415 or 400, responses with 502 or, once they have begun, cut off. "
        .. "Without it, it passes as it is." },
  },
  check = function(conf)
    if conf.request or conf.response then return true end
    return nil, "request: required, or response"
  end,
}


-- ---- requests ----

local function edit_request(self, req)
  local conf, headers = self.conf, req.headers
  if headers["Content-Encoding"] then return 415, "encoded_body", "Content must not be encoded here" end
  if req.length and req.length > conf.max then return 413, "body_too_large", "Content Too Large" end
  local text = req:read_body(conf.max)
  if not text then return 413, "body_too_large", "Content Too Large" end
  if text == "" then return end
  local edited, why = conf.request:apply(text, req)
  if not edited then return 400, "bad_json", "This is no JSON: " .. why end
  req.body = edited
  headers["Content-MD5"], headers["Content-Digest"] = nil, nil
end


function transform:request(req, res)
  local conf = self.conf
  if conf.response then req.headers["Accept-Encoding"], req.headers["Range"] = nil, nil end
  if not conf.request or req.length == 0 or not req.headers:is_type(conf.types) then return end
  if not conf.strict and (req.length or math.huge) > conf.max then return end -- unread, it can still pass
  local status, code, sentence = edit_request(self, req)
  if status and conf.strict then return req:refuse(status, code, sentence) end
end


-- ---- responses: gathered up to `max`, then changed as a whole ----

local function is_hopeless(self, res)
  local encoded = res.headers["Content-Encoding"]
  return (encoded and encoded ~= "identity") or (res.length or 0) > self.conf.max
end


function transform:response(req, res)
  local conf = self.conf
  if not conf.response or not res.headers:is_type(conf.types) then return res:skip_body() end
  if is_hopeless(self, res) then
    if conf.strict then return req:refuse(502, "bad_response", "The service's answer cannot be changed") end
    return res:skip_body()
  end
  if res:transforms() then req.ctx[self] = { size = 0 } end
end


local function pass(held, chunk)
  held.passes = true
  chunk:set(table.concat(held))
end


function transform:body(req, res, chunk)
  local conf, held = self.conf, req.ctx[self]
  if held.passes then return end
  held.size = held.size + chunk.size
  held[#held + 1] = chunk:text()
  if held.size > conf.max then
    if conf.strict then error("the response is larger than " .. conf.max .. " bytes", 0) end
    return pass(held, chunk)
  elseif not chunk.last then
    return chunk:drop()
  elseif held.size == 0 then
    return
  end
  local edited, why = conf.response:apply(table.concat(held), req)
  if edited then return chunk:set(edited) end
  if conf.strict then error("the response is no JSON: " .. why, 0) end
  pass(held, chunk)
end


return transform
