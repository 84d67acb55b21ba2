-- SPDX-License-Identifier: Apache-2.0
-- Prefixes that are taken off, base paths that are put on, and every reference in an answer that has to follow.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local INSTANCE -- the authority of the instance, for the tables: "@"


describe("behind a prefix", function()
  local up, g

  setup(function()
    up = gate.upstream(function(_, _, self) return 302, "", self.fields end)
    INSTANCE = up.address
    g = gate.start { services = {
      { name = "app", path = "/app", instances = { up } },
      { name = "based", path = "/based", instances = { up.url .. "/v1" } },
      { name = "kept", path = "/kept", stripPath = false, instances = { up } },
      { name = "host", path = "/host", preserveHost = true, instances = { up } },
      { name = "off", path = "/off", rewriteLocation = false, rewriteCookiePath = false, instances = { up } },
      { name = "root", path = "/", instances = { up } },
    } }
  end)
  teardown(gate.cleanup)

  local function fill(text)
    return (text:gsub("@", INSTANCE))
  end

  local function proves(field, target, sent, seen)
    it(("%s: %s of %s becomes %s"):format(field, sent, target, seen), function()
      up.fields = { field .. ": " .. fill(sent) }
      local r = g:get(target)
      assert.equal(fill(seen), r.headers[field])
    end)
  end

  for _, case in ipairs {
    { "/app/x", "/y", "/app/y" }, { "/app/x", "/", "/app/" }, { "/app/x", "/app", "/app/app" }, { "/app", "/y",
    "/app/y" },
    { "/app/x", "/y?a=/b#/c", "/app/y?a=/b#/c" }, { "/app/x", "/?a", "/app/?a" }, { "/app/x", "y", "y" }, { "/app/x",
    "../y", "../y" },
    { "/app/x", "?a", "?a" }, { "/app/x", "#a", "#a" }, { "/app/x", "", "" }, { "/app/x", "//other/y", "//other/y" },
    { "/app/x", "http://@/y", "/app/y" }, { "/app/x", "http://@", "/app/" }, { "/app/x", "http://@?a", "/app/?a" },
    { "/app/x", "HTTP://@/y", "/app/y" }, { "/app/x", "//@/y", "/app/y" },
    { "/app/x", "http://@0/y", "http://@0/y" }, { "/app/x", "http://other/y", "http://other/y" },
    { "/app/x", "https://@/y", "https://@/y" }, { "/app/x", "mailto:a@b", "mailto:a@b" }, { "/app/x", "/a:b",
    "/app/a:b" },
    { "/based/x", "/v1/y", "/based/y" }, { "/based/x", "/v1", "/based" }, { "/based/x", "/v1?a", "/based?a" },
    { "/based/x", "/v10/y", "/based/v10/y" }, { "/based/x", "/y", "/based/y" }, { "/based/x", "http://@/v1/y",
    "/based/y" },
    { "/kept/x", "/y", "/y" }, { "/kept/x", "/kept/y", "/kept/y" }, { "/off/x", "/y", "/y" },
    { "/off/x", "http://@/y", "http://@/y" }, { "/root/x", "/y", "/y" },
    { "/host/x", "/y", "/host/y" }, { "/host/x", "http://gateway.test/y", "http://gateway.test/host/y" },
  } do
    proves("Location", case[1], case[2], case[3])
    proves("Content-Location", case[1], case[2], case[3])
  end

  for _, case in ipairs {
    { "/app/x", "5; url=/y", "5; url=/app/y" }, { "/app/x", "0;URL=/y", "0;URL=/app/y" }, { "/app/x", "5", "5" },
    { "/app/x", "5; url=http://@/y", "5; url=/app/y" }, { "/app/x", "5; url=http://other/y", "5; url=http://other/y" },
    { "/app/x", "5; url='/y'", "5; url='/app/y'" }, { "/app/x", '5; url="/y"', '5; url="/app/y"' },
    { "/based/x", "5; url=/v1/y", "5; url=/based/y" }, { "/off/x", "5; url=/y", "5; url=/y" },
  } do
    proves("Refresh", case[1], case[2], case[3])
  end

  for _, case in ipairs {
    { "/app/x", "a=b; Path=/", "a=b; Path=/app" }, { "/app/x", "a=b; Path=/y; Secure", "a=b; Path=/app/y; Secure" },
    { "/app/x", "a=b; path=/y", "a=b; path=/app/y" }, { "/app/x", "a=b;Path=/y", "a=b;Path=/app/y" },
    { "/app/x", "a=b", "a=b" }, { "/app/x", "a=/y; HttpOnly", "a=/y; HttpOnly" }, { "/app/x", "Path=/y", "Path=/y" },
    { "/app/x", "a=Path=/y", "a=Path=/y" }, { "/app/x", "a=b; Path=", "a=b; Path=" }, { "/app/x", "a=b; Path",
    "a=b; Path" },
    { "/app/x", "a=b; XPath=/y", "a=b; XPath=/y" }, { "/app/x", "a=b; Path = /y", "a=b; Path = /app/y" },
    { "/app/x", "a=b; Path=/y; Path=/z", "a=b; Path=/app/y; Path=/app/z" },
    { "/based/x", "a=b; Path=/v1/y", "a=b; Path=/based/y" }, { "/based/x", "a=b; Path=/v1", "a=b; Path=/based" },
    { "/kept/x", "a=b; Path=/y", "a=b; Path=/y" }, { "/off/x", "a=b; Path=/y", "a=b; Path=/y" },
  } do
    proves("Set-Cookie", case[1], case[2], case[3])
  end

  it("every cookie of an answer is seen to", function()
    up.fields = { "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/y", "Set-Cookie: c=3" }
    local cookies = g:get("/app/x").headers:all("Set-Cookie")
    assert.equal("b=2; Path=/app/y", cookies[2])
    assert.equal("c=3", cookies[3])
  end)

  for target, case in pairs {
    ["/app/x?a=/app"] = { "/x?a=/app", "/app" }, ["/app"] = { "/", "/app" }, ["/app/"] = { "/", "/app" },
    ["/app?a"] = { "/?a", "/app" },
    ["/app//x"] = { "//x", "/app" }, ["/app/%2e%2e/app/x"] = { "/x", "/app" }, ["/%61pp/x"] = { "/x", "/app" },
    ["/based/x"] = { "/v1/x", "/based" }, ["/based"] = { "/v1/", "/based" }, ["/kept/x"] = { "/kept/x" },
    ["/appx/y"] = { "/appx/y" },
    ["/app%2fx"] = { "/app%2Fx" }, ["/other"] = { "/other" },
  } do
    it(("%s is asked for as %s"):format(target, case[1]), function()
      up.fields = nil
      g:get(target)
      assert.equal(case[1], up:last().target)
      assert.equal(case[2], up:last().headers["X-Forwarded-Prefix"])
    end)
  end

  it("Host is the instance's, or the client's where it is to be preserved", function()
    up.fields = nil
    g:get("/app/x")
    assert.equal(INSTANCE, up:last().headers["Host"])
    assert.equal("gateway.test", up:last().headers["X-Forwarded-Host"])
    g:get("/host/x")
    assert.equal("gateway.test", up:last().headers["Host"])
  end)
end)
