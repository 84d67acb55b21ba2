-- SPDX-License-Identifier: Apache-2.0
-- Fields that clients may not send, because services believe whoever sets them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- One plugin that tells the service who is calling, on one of two routes.
local TELL = [[
local tell = plugin "tell" { version = "1.0.0", api = 1 }
function tell:init() reserve_header("X-Who") end
function tell:request(req, res)
  res.headers["X-Seen"] = req.headers["X-Who"] or "nothing"
  req.headers["X-Who"] = "plugin"
end
return tell
]]
local ROUTES = [[
any "/told/*" { to = service "app", use "tell" {} }
any "/*" { to = service "app", function(req, res) res.headers["X-Seen"] = req.headers["X-Who"] or "nothing" end }
]]
local LIES = {
  "X-Who: root", "x-who: root", "X_Who: root", "X.Who: root", "X-Internal: 1", "X-Other: 1", "X_Trace: mine",
}


describe("headers that clients may not send", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.start {
      services = { { name = "app", instances = { up } } },
      gateway = { trustedProxies = { "127.0.0.0/8" }, headers = { strip = { "X-Internal" }, requestId = "X-Trace" } },
      routes = ROUTES, plugins = { tell = TELL },
    }
  end)
  teardown(gate.cleanup)

  local function sent()
    local seen = {}
    for _, name in ipairs { "X-Who", "X_Who", "X.Who", "X-Internal", "X-Other", "X_Trace" } do
      seen[name] = table.concat(up:last().headers:all(name), "|")
    end
    return seen
  end

  it("are gone on routes without the plugin that sets them, from trusted proxies too", function()
    local r = g:get("/plain", { headers = LIES })
    assert.equal("nothing", r.headers["X-Seen"])
    assert.same({ ["X-Who"] = "", ["X_Who"] = "", ["X.Who"] = "", ["X-Internal"] = "",
      ["X-Other"] = "1", ["X_Trace"] = "" }, sent())
  end)

  it("are what the plugin sets on its own routes", function()
    local r = g:get("/told/x", { headers = LIES })
    assert.equal("nothing", r.headers["X-Seen"])
    assert.same({ ["X-Who"] = "plugin", ["X_Who"] = "", ["X.Who"] = "", ["X-Internal"] = "",
      ["X-Other"] = "1", ["X_Trace"] = "" }, sent())
  end)

  it("are those that CGI programs take for settings (httpoxy)", function()
    assert.equal(200, g:get("/plain", { headers = { "Proxy: http://6.6.6.6/", "pROXY: http://6.6.6.7/", "X-Proxy: 1",
      "Proxies: 2" } }).status)
    local headers = up:last().headers
    assert.is_nil(headers["Proxy"])
    assert.equal("1", headers["X-Proxy"])
    assert.equal("2", headers["Proxies"])
  end)

  it("do not come in as trailers", function()
    local c = gate.client(g)
    c:send("POST /told/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "1\r\na\r\n0\r\nX-Who: root\r\nProxy: a\r\nX_Internal: 1\r\nX-Sum: 7\r\n\r\n")
    assert.equal(200, c:read().status)
    local trailers = up:last().trailers
    assert.equal("7", trailers["X-Sum"])
    assert.is_nil(trailers["X-Who"])
    assert.is_nil(trailers["X_Internal"])
    assert.is_nil(trailers["Proxy"])
  end)
end)
