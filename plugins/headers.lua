-- SPDX-License-Identifier: Apache-2.0
-- Edits request headers on the way to the service and response headers on the way back.
local headers = plugin "headers" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    request = t.edits {
      help = "What changes in the request: `remove` names, `set` and `add` names with values, in this order." },
    response = t.edits {
      help = "What changes in the response, in the same form; also in answers of the plugins below." },
    client_id = t.header_name {
      help = "Tell the service in this header who is calling; no client can send it itself, on any route." },
  },
}


function headers:init()
  if self.conf.client_id then reserve_header(self.conf.client_id) end
end


function headers:request(req, res)
  local conf = self.conf
  if conf.request   then req.headers:apply(conf.request) end
  if conf.client_id then req.headers[conf.client_id] = req.client.id end
end


function headers:response(req, res)
  if self.conf.response then res.headers:apply(self.conf.response) end
end


return headers
