-- SPDX-License-Identifier: Apache-2.0
-- plugins/security-headers.lua

local gate = require "lunette.spec"

describe("security-headers", function()
  before_each(gate.reset)

  local function headers(settings, request, response)
    return gate.response(gate.plugin("security-headers", settings), request or {}, response or { status = 200 }).headers
  end

  it("says what is good practice", function()
    local h = headers {}
    assert.equal("nosniff", h["X-Content-Type-Options"])
    assert.equal("DENY", h["X-Frame-Options"])
    assert.equal("strict-origin-when-cross-origin", h["Referrer-Policy"])
    assert.equal("camera=(), geolocation=(), microphone=()", h["Permissions-Policy"])
    assert.equal("same-origin", h["Cross-Origin-Opener-Policy"])
    assert.equal("same-origin", h["Cross-Origin-Resource-Policy"])
    assert.is_nil(h["Content-Security-Policy"])
  end)

  it("says HSTS by https only (RFC 6797 section 7.2)", function()
    assert.is_nil(headers({}, { scheme = "http" })["Strict-Transport-Security"])
    assert.equal("max-age=31536000", headers({}, { scheme = "https" })["Strict-Transport-Security"])
    assert.equal("max-age=31536000; includeSubDomains; preload",
      headers({ hsts_subdomains = true, hsts_preload = true }, { scheme = "https" })["Strict-Transport-Security"])
    assert.is_nil(headers({ hsts = 0 }, { scheme = "https" })["Strict-Transport-Security"])
  end)

  it("has a policy with names in it, for real or for trying", function()
    local csp = "script-src 'nonce-{req.ctx.nonce}'"
    local chain = gate.chain {
      gate.plugin("security-headers", { csp = csp }),
      function(req) req.ctx.nonce = "n1" end,
    }
    assert.equal("script-src 'nonce-n1'", gate.response(chain, {}, {}).headers["Content-Security-Policy"])
    local h = headers { csp = "default-src 'self'", csp_report_only = true }
    assert.equal("default-src 'self'", h["Content-Security-Policy-Report-Only"])
    assert.is_nil(h["Content-Security-Policy"])
  end)

  it("can leave each of them out", function()
    local h = headers {
      nosniff = false, frame = "off", referrer = "off", permissions = "", opener = "off", resource = "off", remove = {},
    }
    assert.same({}, h)
  end)

  it("lets the service's word stand, unless it overrides it", function()
    local response = { status = 200, headers = { ["X-Frame-Options"] = "SAMEORIGIN" } }
    assert.equal("SAMEORIGIN", headers({}, {}, response)["X-Frame-Options"])
    assert.equal("DENY", headers({ override = true }, {}, response)["X-Frame-Options"])
  end)

  it("takes out what tells too much", function()
    local response = { status = 200, headers = { Server = "x/1.2", ["X-Powered-By"] = "y", ["X-Secret"] = "z" } }
    local h = headers({}, {}, response)
    assert.is_nil(h.Server)
    assert.is_nil(h["X-Powered-By"])
    assert.equal("z", h["X-Secret"])
    assert.is_nil(headers({ remove = { "x-secret" } }, {}, response)["X-Secret"])
  end)

  it("is on answers of the plugins below it", function()
    local out = gate.request(gate.chain { gate.plugin("security-headers", {}), function() return 403 end }, {})
    assert.equal("nosniff", out.headers["X-Content-Type-Options"])
  end)

  it("explains wrong settings", function()
    assert.has_error(function() gate.plugin("security-headers", { frame = "DENY" }) end,
      'security-headers:\n  frame: expected one of "deny", "sameorigin" or "off", got "DENY" (string); '
      .. 'did you mean "deny"?')
    assert.has_error(function() gate.plugin("security-headers", { hsts_preload = true }) end,
      "security-headers:\n  hsts_preload: browsers want hsts_subdomains with it, and hsts of at least a year (8760h)")
  end)
end)
