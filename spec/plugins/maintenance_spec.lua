-- SPDX-License-Identifier: Apache-2.0
-- plugins/maintenance.lua

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

describe("maintenance", function()
  before_each(gate.reset) -- the clock stands at 2023-11-14T22:13:20Z
  after_each(files.clean)

  local function ask(settings, request)
    return gate.request(gate.plugin("maintenance", settings), request or {})
  end

  it("closes the route and says when to come back", function()
    local out = ask { retry_after = "90s", message = "Back soon" }
    assert.equal(503, out.status)
    assert.equal("90", out.headers["Retry-After"])
    assert.equal("no-store", out.headers["Cache-Control"])
    assert.same({ error = "Back soon", code = "maintenance", request_id = "req-1" }, out:json())
  end)

  it("keeps to its window", function()
    local p = gate.plugin("maintenance", { from = "2023-11-14T22:14:00Z", to = "2023-11-14T23:15:00+01:00" })
    assert.is_nil(gate.request(p).status)
    gate.clock:advance(40)
    local out = gate.request(p)
    assert.equal(503, out.status)
    assert.equal("60", out.headers["Retry-After"])
    gate.clock:advance(59.5)
    assert.equal("1", gate.request(p).headers["Retry-After"])
    gate.clock:advance(0.5)
    assert.is_nil(gate.request(p).status)
  end)

  it("lets addresses pass", function()
    local settings = { allow = { "10.0.0.0/8" } }
    assert.is_nil(ask(settings, { ip = "10.1.2.3" }).status)
    assert.equal(503, ask(settings, { ip = "192.0.2.1" }).status)
  end)

  it("lets those pass who know the word", function()
    local settings = { pass = { ["X-Pass"] = "open sesame", ["X-Other"] = "2" } }
    local function status(headers) return ask(settings, { headers = headers }).status end
    assert.is_nil(status { ["x-pass"] = "open sesame" })
    assert.is_nil(status { ["X-Other"] = "2" })
    for _, wrong in ipairs { "", "open", "open sesame ", "Open sesame" } do
      assert.equal(503, status { { "X-Pass", (wrong:gsub("%s+$", "x")) } }, wrong)
    end
    assert.equal(503, status {})
  end)

  it("keeps paths open", function()
    local settings = { open = { "/health", "/status/*" } }
    for _, path in ipairs { "/health", "/status", "/status/", "/status/db/1" } do
      assert.is_nil(ask(settings, "GET " .. path).status, path)
    end
    for _, path in ipairs { "/", "/healthy", "/health/x", "/statusx", "/x/status/y" } do
      assert.equal(503, ask(settings, "GET " .. path).status, path)
    end
  end)

  it("shows a page to those who would rather have one", function()
    local settings = { page = files.write("page.html", "<h1>Soon</h1>") }
    local out = ask(settings, { headers = { Accept = "text/html,*/*;q=0.8" } })
    assert.equal(503, out.status)
    assert.equal("<h1>Soon</h1>", out.body)
    assert.equal("text/html; charset=utf-8", out.headers["Content-Type"])
    assert.equal("300", out.headers["Retry-After"])
    assert.equal("application/json", ask(settings, { headers = { Accept = "*/*" } }).headers["Content-Type"])
    assert.equal("application/json", ask(settings).headers["Content-Type"])
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("maintenance", settings) end, "maintenance:\n  " .. message)
    end
    refuses({ from = "tomorrow" }, 'from: expected a time such as "2026-11-30T22:00:00Z" or '
      .. '"2026-11-30T23:00:00+01:00", got "tomorrow" (string)')
    refuses({ from = "2026-01-02T00:00Z", to = "2026-01-01T00:00Z" }, "to: expected a time after from")
    refuses({ retry_after = 0 }, 'retry_after: expected a duration such as "250ms", "30s" or "5m" of at least 1s, '
      .. "got 0 (number)")
    assert.has_error(function() gate.plugin("maintenance", { open = { "health" } }) end,
      'maintenance: open[1]: expected a path such as "/health", got "health"')
  end)

  it("never shows the word", function()
    local _, why = pcall(gate.plugin, "maintenance", { pass = { ["X-Pass"] = 12345 } })
    assert.is_nil(why:find("12345", 1, true))
  end)
end)
