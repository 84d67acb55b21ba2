-- SPDX-License-Identifier: Apache-2.0
-- The second opinion itself: it says what it should of plain cases, and a proof fails when another request arrived.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local model = require "spec.support.wire_model"
local world = require "spec.support.wire_world"


local PATHS = {
  ["/"] = "/", ["/a/b"] = "/a/b", ["/a/./b/."] = "/a/b/", ["/a/../b"] = "/b", ["/a/.."] = "/", ["//a"] = "//a",
  ["/%41%2d%7E"] = "/A-~", ["/%2f%3a"] = "/%2F%3A", ["/a/%2e%2E/b"] = "/b", ["/..."] = "/...",
  ["/.."] = false, ["/%2e%2e"] = false, ["/a/..%2fb"] = false, ["/a;/..;/b"] = false, ["/%"] = false, ["/ "] = false,
}

local HOSTS = {
  ["a.test"] = true, ["a:80"] = true, ["a:"] = true, ["[::1]"] = true, ["[::ffff:1.2.3.4]:8080"] = true,
  [""] = false, ["a b"] = false, ["a:65536"] = false, ["[::1"] = false, ["[1:2]"] = false, ["[::1]a"] = false,
  ["@"] = false,
}


local function request(fields, rest)
  return "POST /a HTTP/1.1\r\nHost: h.test\r\n" .. fields .. "\r\n" .. (rest or "")
end


describe("the model", function()
  it("knows the normal form of a path", function()
    for path, normal in pairs(PATHS) do
      local ok, got = pcall(model.normal_path, path)
      assert.equal(normal, ok and got, path)
    end
  end)

  it("knows what a host is", function()
    for host, good in pairs(HOSTS) do assert.equal(good, (pcall(model.check_authority, host)), host) end
  end)

  it("takes what is plain", function()
    local list, ending = model.judge(request("Content-Length: 2\r\n", "hi") .. request(""))
    assert.equal(2, #list)
    assert.is_nil(ending)
    assert.equal("hi", list[1].body)
  end)

  it("tells what is not whole from what is wrong", function()
    assert.equal("incomplete", (select(2, model.judge(request("Content-Length: 2\r\n", "h")))))
    assert.equal("refused", (select(2, model.judge(request("Content-Length: 2\r\nContent-Length: 2\r\n", "hi")))))
    assert.equal("refused", (select(2, model.judge(request("Transfer-Encoding: chunked\r\n", "0x2\r\nhi\r\n")))))
  end)
end)


describe("a proof", function()
  after_each(gate.cleanup)

  local function fails(how, bytes)
    local w = world.new(gate, { hostile = how })
    return gate.error_of(w.prove_followed, w, bytes or request("Content-Length: 2\r\n", "hi"))
  end

  it("fails when another target arrives", function()
    assert.match("else's", fails(function(r) r.target = "/other" end))
  end)

  it("fails when another body arrives", function()
    assert.match("body", fails(function(r) r.body = r.body .. "!" end))
  end)

  it("fails when a field is lost", function()
    assert.match("fields", fails(function(r) table.remove(r.fields, 2) end, request("X-A: 1\r\nX-B: 2\r\n")))
  end)

  it("fails when the verdict is another one", function()
    local w = world.new(gate)
    assert.match("does not refuse", gate.error_of(w.prove, w, request(""), "refuse"))
    assert.match("the model refuses", gate.error_of(w.prove, w, request(" x\r\n"), "pass"))
  end)
end)
