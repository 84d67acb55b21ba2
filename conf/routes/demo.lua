-- SPDX-License-Identifier: Apache-2.0
-- The sample's services: five backends that are routes of this same gateway, told apart by the listener they are on.
-- Delete this file and the listeners backend-* of gateway.yaml once real services stand behind the gateway.

local backends = { "backend-8081", "backend-8082", "backend-8083", "backend-8084", "backend-8085" }
local type_json = { ["Content-Type"] = "application/json" }

-- The answers are written by hand, not by json.encode(table), because people read them: the order of names is kept.
local HEALTHY = '{"status":"healthy","port":"%d"}\n'
local HELLO = '{"message":"Hello from backend","port":"%d","hostname":%s,"path":%s}\n'

get "/health" {
  listener = backends,
  function(req)
    return 200, HEALTHY:format(req.port), type_json
  end,
}

any "/*" {
  listener = backends,
  function(req)
    return 200, HELLO:format(req.port, json.encode(hostname()), json.encode(req.path)), type_json
  end,
}
