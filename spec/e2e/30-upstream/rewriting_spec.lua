-- SPDX-License-Identifier: Apache-2.0
-- Redirects and cookies of an instance that does not know under which prefix it is served.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("under a stripped path", function()
  local up, g

  setup(function()
    up = gate.upstream(function(_, _, self) return 302, "", self.fields end)
    g = gate.start { services = {
      { name = "app", path = "/app", instances = { up } },
      { name = "based", path = "/based", instances = { up.url .. "/v1" } },
      { name = "off", path = "/off", rewriteLocation = false, instances = { up } },
    } }
  end)
  teardown(gate.cleanup)

  local function answered(target, ...)
    up.fields = { ... }
    return g:get(target).headers
  end

  local cases = {
    { "/app/x", "/login", "/app/login" },
    { "/app/x", "/", "/app/" },
    { "/app/x", "/a?b=/c#d", "/app/a?b=/c#d" },
    { "/app/x", "login", "login" },
    { "/app/x", "//other.test/x", "//other.test/x" },
    { "/app/x", "http://other.test/login", "http://other.test/login" },
    { "/based/x", "/v1/login", "/based/login" },
    { "/off/x", "/login", "/login" },
  }
  for _, case in ipairs(cases) do
    it(("Location: %s of %s becomes %s"):format(case[2], case[1], case[3]), function()
      assert.equal(case[3], answered(case[1], "Location: " .. case[2])["Location"])
    end)
  end

  it("a Location that names the instance itself leads back through the gateway", function()
    local location = answered("/app/x", "Location: " .. up.url .. "/login")["Location"]
    assert.is_nil(location:find(":" .. up.port, 1, true))
    assert.matches("/app/login$", location)
  end)

  it("Content-Location is treated alike", function()
    assert.equal("/app/a", answered("/app/x", "Content-Location: /a")["Content-Location"])
  end)

  it("a cookie's path is put under the prefix", function()
    local cookies = answered("/app/x", "Set-Cookie: a=1; Path=/; HttpOnly", "Set-Cookie: b=2; path=/x",
      "Set-Cookie: c=3"):all("Set-Cookie")
    assert.matches("^a=1; Path=/app/?; HttpOnly$", cookies[1])
    assert.matches("^b=2; [Pp]ath=/app/x$", cookies[2])
    assert.equal("c=3", cookies[3])
  end)
end)
