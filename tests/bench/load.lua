-- SPDX-License-Identifier: Apache-2.0
-- For wrk: requests that name one of a thousand clients in turn; the sums at the end in one line.
-- luacheck: globals wrk init request done
local CLIENTS = 1000


function init()
  local requests, at = {}, 0
  for i = 1, CLIENTS do
    wrk.headers["X-Api-Key"] = "client-" .. i
    requests[i] = wrk.format()
  end
  request = function()
    at = at % CLIENTS + 1
    return requests[at]
  end
end


function done(summary)
  local errors = summary.errors
  io.write(("\nSUM %d %d %d\n"):format(summary.requests, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
