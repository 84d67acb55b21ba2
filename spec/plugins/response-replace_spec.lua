-- SPDX-License-Identifier: Apache-2.0
-- plugins/response-replace.lua

local gate = require "lunette.spec"

describe("response-replace", function()
  before_each(gate.reset)

  local function answered(list, text, options)
    options = options or {}
    local p = gate.plugin("response-replace", { replace = list, types = options.types })
    return gate.response(p, options.request or { host = "shop.example" }, {
      status = options.status or 200, headers = options.headers or { ["Content-Type"] = "text/html" },
      chunks = options.chunks or { text },
    })
  end

  it("replaces every one", function()
    assert.equal("a-b-c", answered({ { find = "+", with = "-" } }, "a+b+c").body)
  end)

  it("gives the same, however the content is cut", function()
    local text = "see http://internal/a and http://internal/b, not http://intern"
    for size = 1, #text do
      local chunks = {}
      for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
      local out = answered({ { find = "http://internal", with = "https://{req.host}" } }, nil, { chunks = chunks })
      assert.equal("see https://shop.example/a and https://shop.example/b, not http://intern", out.body, size)
    end
  end)

  it("stops after so many, over all pieces", function()
    local list = { { find = "aa", with = "b", most = 2 } }
    assert.equal("bbaaaa", answered(list, "aaaaaaaa").body)
    for size = 1, 8 do
      local chunks = {}
      for at = 1, 8, size do chunks[#chunks + 1] = ("aaaaaaaa"):sub(at, at + size - 1) end
      assert.equal("bbaaaa", answered(list, nil, { chunks = chunks }).body, size)
    end
  end)

  it("goes through its list in order", function()
    assert.equal("c", answered({ { find = "a", with = "b" }, { find = "b", with = "c" } }, "a").body)
    assert.equal("b", answered({ { find = "b", with = "c" }, { find = "a", with = "b" } }, "a").body)
    local once = { { find = "a", with = "b", most = 1 }, { find = "b", with = "c", most = 1 } }
    assert.equal("cb", answered(once, "ab").body)
  end)

  it("takes patterns for what they are: text", function()
    assert.equal("[x]", answered({ { find = ".*%", with = "x" } }, "[.*%]").body)
  end)

  it("makes the head fit", function()
    local h = answered({ { find = "a", with = "bb" } }, "a",
      { headers = { ["Content-Type"] = "text/html", ["Content-Length"] = "1", ETag = '"1"' } }).headers
    assert.is_nil(h["Content-Length"])
    assert.equal('W/"1"', h.ETag)
  end)

  it("asks the service for what can be changed, or does not", function()
    local request = { headers = { ["Accept-Encoding"] = "gzip", Range = "bytes=0-9" } }
    local list = { { find = "a", with = "b" } }
    local sent = gate.request(gate.plugin("response-replace", { replace = list }), request):sent().headers
    assert.is_nil(sent["Accept-Encoding"])
    assert.is_nil(sent.Range)
    sent = gate.request(gate.plugin("response-replace", { replace = list, plain = false }), request):sent().headers
    assert.equal("gzip", sent["Accept-Encoding"])
  end)

  it("leaves encoded content, parts and other types alone", function()
    for name, options in pairs {
      encoded = { headers = { ["Content-Type"] = "text/html", ["Content-Encoding"] = "gzip" } },
      part = { status = 206, headers = { ["Content-Type"] = "text/html" } },
      image = { headers = { ["Content-Type"] = "image/png" } },
    } do
      assert.equal("aa", answered({ { find = "a", with = "b" } }, "aa", options).body, name)
    end
    assert.equal("bb", answered({ { find = "a", with = "b" } }, "aa",
      { headers = { ["Content-Type"] = "image/svg+xml" }, types = { "image/*+xml" } }).body)
  end)

  it("keeps two uses apart", function()
    local a = gate.plugin("response-replace", { replace = { { find = "a", with = "x", most = 1 } } })
    local b = gate.plugin("response-replace", { replace = { { find = "a", with = "y", most = 1 } } })
    local html = { headers = { ["Content-Type"] = "text/html" }, chunks = { "aaa" } }
    local out = gate.response(gate.chain { a, b }, {}, html)
    assert.equal("yxa", out.body)
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("response-replace", settings) end, "response-replace:\n  " .. message)
    end
    refuses({}, "replace: required: expected a list of 1 to 16 items")
    refuses({ replace = { { find = "", with = "x" } } },
      'replace[1].find: expected a string of 1 to 4096 characters, got "" (string)')
    refuses({ replace = { { find = "x" } } },
      'replace[1].with: required: expected a template such as "{client.id}:{req.path}"')
    refuses({ replace = { { find = "x", with = "y", most = 0 } } },
      "replace[1].most: expected an integer of at least 1, got 0 (number)")
  end)
end)
