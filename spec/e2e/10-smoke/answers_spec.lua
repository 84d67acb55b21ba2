-- SPDX-License-Identifier: Apache-2.0
-- The answers that the gateway makes itself: status, text, JSON, request id, reason.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function check_text(r, status, text, code)
  assert.equal(status, r.status)
  assert.equal(text .. "\n", r.body)
  assert.equal("text/plain; charset=utf-8", r.headers["Content-Type"])
  assert.equal(code, r.headers["X-Lunette-Reason"])
  assert.matches("^%S+$", r.headers["X-Request-Id"])
end


local function check_json(r, status, text, code)
  assert.equal(status, r.status)
  assert.matches("^application/json", r.headers["Content-Type"])
  local id = r.headers["X-Request-Id"]
  assert.same({ error = text, code = code, request_id = id }, r:json())
  assert.equal(code, r.headers["X-Lunette-Reason"])
end


describe("an answer of the gateway's own", function()
  local g

  setup(function()
    local dead = gate.upstream { down = true }
    local stalled = gate.upstream(function(_, connection) connection:wait_end() end)
    local wrong = gate.upstream(function(_, connection)
      connection:send("NOT HTTP\r\n\r\n")
      connection:close()
    end)
    g = gate.start {
      services = {
        { name = "dead", path = "/dead", instances = { dead } },
        { name = "stalled", path = "/stalled", instances = { stalled },
          timeouts = { firstByte = "100ms" } },
        { name = "wrong", path = "/wrong", instances = { wrong } },
      },
      plugins = { boom = [[
        local boom = plugin "boom" { version = "1.0.0", api = 1, schema = {} }
        function boom:request() error("boom") end
        return boom
      ]] },
      routes = 'get "/boom" { reply = { 200 }, use "boom" {} }',
      expect = { "boom" },
    }
  end)
  teardown(gate.cleanup)

  local json = { headers = { Accept = "application/json" } }

  it("is 404 as text", function()
    check_text(g:get("/none"), 404, "Service not found", "service_not_found")
  end)

  it("is 404 as JSON", function()
    check_json(g:get("/none", json), 404, "Service not found", "service_not_found")
  end)

  it("is 504 when the instance does not begin to answer in time", function()
    check_text(g:get("/stalled"), 504, "Gateway Timeout", "upstream_timeout")
    check_json(g:get("/stalled", json), 504, "Gateway Timeout", "upstream_timeout")
  end)

  it("is 500 when a plugin fails", function()
    check_text(g:get("/boom"), 500, "Internal Server Error", "plugin_error")
    check_json(g:get("/boom", json), 500, "Internal Server Error", "plugin_error")
  end)

  it("is 502 when an instance does not speak HTTP", function()
    local r = g:get("/wrong")
    assert.equal(502, r.status)
    assert.equal("Bad Gateway\n", r.body)
    assert.matches("^[%l_]+$", r.headers["X-Lunette-Reason"])
  end)

  it("is 503 when no instance lives", function()
    local r
    for _ = 1, 10 do
      r = g:get("/dead")
      if r.status == 503 then break end
      assert.equal(502, r.status)
    end
    check_text(r, 503, "No healthy backends available", "no_healthy_backend")
  end)

  it("keeps the connection", function()
    local c = gate.client(g)
    assert.equal(404, c:get("/none").status)
    assert.equal(404, c:get("/none").status)
  end)

  it("has no body after HEAD", function()
    local r = g:request("HEAD", "/none")
    assert.equal(404, r.status)
    assert.equal("", r.body)
    assert.equal("18", r.headers["Content-Length"])
  end)

  it("gives every request an id of its own", function()
    assert.is_not.equal(g:get("/none").headers["X-Request-Id"], g:get("/none").headers["X-Request-Id"])
  end)

  local accepts = {
    ["*/*"] = "text", ["text/plain"] = "text", ["text/html, application/json;q=0.5"] = "json",
    ["application/json, text/plain;q=0.5"] = "json", ["application/json;q=0"] = "text",
    ["text/plain;q=0.2, application/json;q=0.9"] = "json", ["application/*"] = "json",
    ["APPLICATION/JSON"] = "json", ["nonsense;;;"] = "text",
  }
  for accept, kind in pairs(accepts) do
    it(("is %s for Accept: %s"):format(kind, accept), function()
      local got = g:get("/none", { headers = { Accept = accept } }).headers["Content-Type"]
      assert.matches(kind == "json" and "^application/json" or "^text/plain", got)
    end)
  end
end)
