-- SPDX-License-Identifier: Apache-2.0
-- when.lua - what C calls to ask a route's own function about a request that has no route yet.

local chain = require "lunette.chain"
local log = require "lunette.log"

local M = {}


function M.ask(f)
  return f((chain.objects()))
end


-- Called after a function has raised: the request gets a 500, and this goes to the log.
function M.failed(message, trace, route, file, line)
  if type(message) ~= "string" then
    message = "an error that is " .. (type(message) == "table" and "a table" or tostring(message))
  end
  log.raised(("the condition of route %s failed: %s"):format(tostring(route), message), {
    route = route,
    handler = "when",
    use = file and ("%s:%d"):format(file, line) or nil,
    traceback = trace,
  })
end


return M
