-- SPDX-License-Identifier: Apache-2.0
-- Stopping when something is still under way: nothing truncated may look whole, nobody may crash.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
any "/*" { to = main, use "late" {} }
get "/asleep" { function() sleep(20) return 200 end }
]]

local LATE = [[
local p = plugin "late" { version = "1.0.0", api = 1, schema = {} }
function p:log() sleep(20) end
return p
]]


describe("stopping", function()
  after_each(gate.cleanup)

  local function start(handler)
    local up = gate.upstream(handler)
    return gate.start {
      services = { { name = "main", instances = { up } } },
      plugins = { late = LATE }, routes = ROUTES, gateway = { drainTimeout = "200ms" },
    }, up
  end

  for name, number in pairs { TERM = 15, QUIT = 3 } do
    it(("by %s with a log handler that waits"):format(name), function()
      local g = start()
      assert.equal(200, g:get("/").status)
      g:signal(number)
      assert.equal(0, g:wait_exit())
    end)

    it(("by %s with a request handler that waits"):format(name), function()
      local g = start()
      local c = gate.client(g):send(gate.http.request("GET", "/asleep"))
      gate.pause(0.05)
      g:signal(number)
      assert.equal(0, g:wait_exit())
      c.socket:read_all()
    end)

    it(("by %s inside an answer that only its end would end: not a clean end"):format(name), function()
      local g, up = start(function(_, connection)
        connection:send("HTTP/1.1 200 OK\r\n\r\nhalf")
        connection:wait_end()
      end)
      local c = gate.client(g):send("GET / HTTP/1.0\r\n\r\n")
      up:wait_requests(1)
      local head = c:read_head()
      assert.equal(200, head.status)
      g:signal(number)
      local _, is_reset = c.socket:read_all()
      assert.is_true(is_reset)
      assert.equal(0, g:wait_exit())
    end)
  end
end)
