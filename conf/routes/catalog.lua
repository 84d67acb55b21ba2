-- SPDX-License-Identifier: Apache-2.0
-- What routes can decide, with a few standard plugins around it: shares, a canary for testers, a page that has moved.
--
--   curl localhost:8080/catalog/7
--   curl -H 'X-Version: 2' localhost:8080/catalog/7
--   curl -i -H 'Origin: https://app.example.com' localhost:8080/catalog/7
--   curl -i localhost:8080/catalog/old/7
--   build/lunette routes --why "GET /catalog/7" -H "X-Version: 2"

local stable = service "user-service" -- the demo has no more than these two; think of two versions of one service
local beta   = service "order-service"

group "/catalog" {
  listener = "main",

  -- What is to see every answer stands first; what packs content stands above what changes it.
  use "request-id" {},
  use "security-headers" {},
  use "cors" { origins = { "https://app.example.com" } },
  use "gzip" {},

  get "/*" { to = split { { stable, 9 }, { beta, 1 } }, strip = "/catalog" },

  -- More conditions win over fewer, whatever the order of lines.
  get "/*" { to = beta, strip = "/catalog", name = "testers", when = { header = { ["X-Version"] = "2" } } },

  get "/old/:id" { use "redirect" { to = "/catalog/{req.params.id}", status = 301 }, reply = { 404 } },
}
