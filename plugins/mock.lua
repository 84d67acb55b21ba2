-- SPDX-License-Identifier: Apache-2.0
-- Answers with what you have written down, in place of a service that is not there yet.
local function fields(more)
  local all = {
    status = t.integer { default = 200, min = 200, max = 599,
      help = "Status of the answer." },
    headers = t.map { t.header_name(), t.header_value(),
      help = "Headers of the answer." },
    json = t.any {
      help = "Content of the answer as a table, which becomes JSON." },
    body = t.template {
      help = 'Content as text with names in braces: `"Hello {req.params.name}"`; in JSON, `{req.params.name|json}`.' },
    delay = t.duration { max = "1h",
      help = "How long the answer takes." },
  }
  for name, kind in pairs(more) do all[name] = kind end
  return all
end

local mock = plugin "mock" {
  version = "1.0.0",
  api     = 1,
  answers = true,
  schema  = fields {
    responses = t.list { t.record { fields {
        method = t.string { min = 1,
          help = "Only for this method; without it, for all." },
        path = t.string { min = 1,
          help = 'Only for this path, `"/users/7"`, or all below one, `"/users/*"`; without it, for all.' },
      } },
      help = "Several answers: the first one whose method and path fit is given; other requests go on to the service. "
        .. "Without it, all get the one answer that the other settings say." },
  },
}


local function fit_of(response)
  local below = response.path and response.path:match("^(.*/)%*$")
  return below and below:sub(1, -2) or response.path, below
end


-- The content, made once if it never changes.
local function content_of(response)
  if response.body then return response.body end
  local text = response.json ~= nil and json.encode(response.json) or nil
  return function() return text end
end


local function headers_of(response)
  local headers, typed = {}, false
  for name, value in pairs(response.headers or {}) do
    headers[name] = value
    typed = typed or name:lower() == "content-type"
  end
  if response.json ~= nil and not typed then headers["Content-Type"] = "application/json" end
  return headers
end


local function prepare(response, where)
  if response.body and response.json ~= nil then return nil, where .. "body: cannot stand together with json" end
  local exact, below = fit_of(response)
  return {
    status = response.status, content = content_of(response), headers = headers_of(response), delay = response.delay,
    method = response.method, exact = exact, below = below,
  }
end


function mock:init()
  self.responses = {}
  for i, response in ipairs(self.conf.responses or { self.conf }) do
    local ready, why = prepare(response, self.conf.responses and ("responses[%d]."):format(i) or "")
    if not ready then return nil, why end
    self.responses[i] = ready
  end
end


local function fits(response, method, path)
  if response.method and response.method ~= method then return false end
  if not response.exact then return true end
  return path == response.exact or (response.below ~= nil and path:sub(1, #response.below) == response.below)
end


function mock:request(req, res)
  local method, path = req.method, req.path
  for i = 1, #self.responses do
    local response = self.responses[i]
    if fits(response, method, path) then
      if response.delay then sleep(response.delay) end
      return response.status, response.content(req), response.headers
    end
  end
end


return mock
