-- SPDX-License-Identifier: Apache-2.0
-- errors.json: text or JSON whatever the client accepts.

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


describe("errors.json", function()
  after_each(gate.cleanup)

  it("on: JSON whatever the client accepts", function()
    local g = gate.start { gateway = { errors = { json = "on" } } }
    check_json(g:get("/none"), 404, "Service not found", "service_not_found")
  end)

  it("off: text whatever the client accepts", function()
    local g = gate.start { gateway = { errors = { json = "off" } } }
    check_text(g:get("/none", { headers = { Accept = "application/json" } }), 404,
      "Service not found", "service_not_found")
  end)
end)
