-- SPDX-License-Identifier: Apache-2.0
-- Bounds the content of requests: by its length before any of it is read, and while it streams when there is no length.
local size = plugin "request-size" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    max = t.size { required = true, min = 1,
      help = "The most bytes of content that a request may have; `limits.body` in `gateway.yaml` holds, too." },
    require_length = t.boolean { default = false,
      help = "Answer 411 to content that comes in chunks without a length." },
  },
}


-- Content without a length may turn out to be too large while the service has begun to get it. The gateway then breaks off and
-- answers 413 itself.
function size:request(req, res)
  if not req.length and self.conf.require_length then
    return req:refuse(411, "length_required", "Content needs a length here")
  end
  if not req:limit_body(self.conf.max) then
    return req:refuse(413, "body_too_large", "Content Too Large")
  end
end


return size
