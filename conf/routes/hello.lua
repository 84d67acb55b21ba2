-- SPDX-License-Identifier: Apache-2.0
-- A route that answers from Lua, with the three standard plugins in front of it. Try it:
--
--   curl -i localhost:8080/hello/world
--   curl -i -H 'X-Api-Key: mine' localhost:8080/hello/world
--   for i in 1 2 3 4 5 6 7; do curl -s -o /dev/null -w '%{http_code}\n' localhost:8080/hello/world; done
--
-- Save a change to this file and the next request sees it.

get "/hello/:name" {
  listener = "main", -- else the demo backends would have this route too

  -- Plugins run from top to bottom on the way in and from bottom to top on the way out.
  use "client-id"  { from = { "header:X-Api-Key", "query:key" } },
  use "headers"    { response = { set = { ["X-Greeting"] = "served by Lua" } } },
  use "rate-limit" { rate = "2/s", burst = 5 },

  function(req)
    return 200, { hello = req.params.name, you = req.client.id }
  end,
}
