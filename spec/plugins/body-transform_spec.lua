-- SPDX-License-Identifier: Apache-2.0
-- plugins/body-transform.lua

local gate = require "lunette.spec"

local JSON = { ["Content-Type"] = "application/json" }

describe("body-transform", function()
  before_each(gate.reset)

  local function post(settings, body, options)
    local request = { method = "POST", body = body, headers = JSON, client_id = 'an"n' }
    for name, value in pairs(options or {}) do request[name] = value end
    return gate.request(gate.plugin("body-transform", settings), request)
  end

  local function sent(edits, body)
    local out = post({ request = edits }, body)
    assert.is_nil(out.status, out.body)
    return out:sent().body
  end

  local function answered(settings, text, options)
    options = options or {}
    return gate.response(gate.plugin("body-transform", settings), options.request or {}, {
      status = options.status or 200, headers = options.headers or JSON, chunks = options.chunks or { text },
    })
  end

  describe("of requests", function()
    it("removes, renames, sets and adds, in this order", function()
      assert.equal('{"name":"x","id":7,"new":true}', sent({
        remove = { "role" }, rename = { user = "name" }, set = { id = 7 }, add = { new = true, name = "y" },
      }, '{"user":"x","role":"admin","id":0}'))
    end)

    it("leaves the rest as it was written", function()
      assert.equal('{"z":12345678901234567890,"a":1.10,"n":null,"e":[],"x":1}',
        sent({ set = { x = 1 } }, '{ "z": 12345678901234567890, "a": 1.10, "n": null, "e": [] }'))
    end)

    it("goes through items", function()
      assert.equal('{"items":[{"p":1},{"p":2}]}', sent({ remove = { "items[].cost" } },
        '{"items":[{"p":1,"cost":2},{"p":2,"cost":3}]}'))
      assert.equal("[0,5]", sent({ set = { ["[1]"] = 5 } }, "[0,1]"))
    end)

    it("puts names in, escaped for JSON", function()
      assert.equal([[{"by":"an\"n via POST"}]], sent({ set = { by = "{client.id} via {req.method}" } }, "{}"))
      assert.equal([[{"by":"{plain}"}]], sent({ set = { by = "{{plain}" } }, "{}"))
    end)

    it("sets tables", function()
      assert.equal('{"a":{"b":[1,2]}}', sent({ set = { a = { b = { 1, 2 } } } }, "{}"))
    end)

    it("is not fooled by escapes and names that come twice", function()
      assert.equal("{}", sent({ remove = { "role" } }, [[{"r\u006fle":"admin"}]]))
      assert.equal('{"role":"user"}', sent({ set = { role = "user" } }, '{"role":"x","r\\u006fle":"admin"}'))
    end)

    it("refuses what it cannot change", function()
      local settings = { request = { set = { a = 1 } }, max = 20 }
      local function code(body, options)
        local out = post(settings, body, options)
        return out.status, out.headers["X-Lunette-Reason"]
      end
      assert.same({ 400, "bad_json" }, { code '{"a":' })
      assert.same({ 413, "body_too_large" }, { code(('"%s"'):format(("x"):rep(30))) })
      assert.same({ 413, "body_too_large" }, { code(('"%s"'):format(("x"):rep(30)), { chunked = 1 }) })
      assert.same({ 415, "encoded_body" }, { code("{}", { headers = {
        ["Content-Type"] = "application/json", ["Content-Encoding"] = "gzip",
      } }) })
      assert.is_nil((code "{}"))
    end)

    it("lets it pass if that is wanted", function()
      local settings = { request = { set = { a = 1 } }, max = 20, strict = false }
      assert.equal('{"a":', post(settings, '{"a":'):sent().body)
      assert.is_nil(post(settings, ("x"):rep(30)).status)
    end)

    it("leaves other content, and none, alone", function()
      local settings = { request = { set = { a = 1 } } }
      assert.equal('{"b":2}', post(settings, '{"b":2}', { headers = { ["Content-Type"] = "text/plain" } }):sent().body)
      assert.is_nil(post(settings, nil, { method = "GET" }).status)
      assert.equal('{"b":2,"a":1}', post(settings, '{"b":2}', {
        headers = { ["Content-Type"] = "application/merge-patch+json; charset=utf-8", ["Content-MD5"] = "x" },
      }):sent().body)
    end)
  end)

  describe("of responses", function()
    local hide = { response = { remove = { "users[].password" }, set = { by = "{req.host}" } } }
    local text = '{"users":[{"name":"a","password":"x"},{"name":"b","password":"y"}]}'
    local expected = '{"users":[{"name":"a"},{"name":"b"}],"by":"localhost"}'

    it("gives the same, however the content is cut", function()
      for size = 1, #text do
        local chunks = {}
        for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
        assert.equal(expected, answered(hide, nil, { chunks = chunks }).body, size)
      end
    end)

    it("makes the head fit, for HEAD too", function()
      local headers = { ["Content-Type"] = "application/json", ["Content-Length"] = "70", ETag = '"1"' }
      local out = answered(hide, text, { headers = headers })
      assert.is_nil(out.headers["Content-Length"])
      assert.equal('W/"1"', out.headers.ETag)
      out = gate.response(gate.plugin("body-transform", hide), { method = "HEAD" }, { status = 200, headers = headers })
      assert.equal('W/"1"', out.headers.ETag)
    end)

    it("asks the service for what can be changed", function()
      local request = { headers = { ["Accept-Encoding"] = "gzip", Range = "bytes=0-1" } }
      local h = gate.request(gate.plugin("body-transform", hide), request):sent().headers
      assert.is_nil(h["Accept-Encoding"])
      assert.is_nil(h.Range)
    end)

    it("leaves other content and none alone", function()
      assert.equal("text", answered(hide, "text", { headers = { ["Content-Type"] = "text/plain" } }).body)
      assert.equal("", answered(hide, "").body)
      assert.is_nil(answered(hide, nil, { status = 204, chunks = {} }).headers.ETag)
      assert.equal("part", answered(hide, "part", { status = 206 }).body)
    end)

    it("refuses what is known to be hopeless", function()
      local settings = { response = hide.response, max = 10 }
      local long = { ["Content-Type"] = "application/json", ["Content-Length"] = "11" }
      local encoded = { ["Content-Type"] = "application/json", ["Content-Encoding"] = "gzip" }
      assert.equal(502, answered(settings, nil, { headers = long }).status)
      assert.equal(502, answered(settings, nil, { headers = encoded }).status)
      settings.strict = false
      assert.equal("0123456789a", answered(settings, "0123456789a", { headers = long }).body)
      assert.equal("zipped", answered(settings, "zipped", { headers = encoded }).body)
    end)

    it("cuts off what turns out to be, or lets it pass", function()
      local out = answered({ response = hide.response }, '{"users":')
      assert.is_true(out.cut)
      assert.truthy(out.failed:find("the response is no JSON: no value where there should be one", 1, true))
      out = answered({ response = hide.response, max = 10 }, text)
      assert.truthy(out.failed:find("the response is larger than 10 bytes", 1, true))
      assert.equal('{"users":', answered({ response = hide.response, strict = false }, '{"users":').body)
      local chunks = { text:sub(1, 8), text:sub(9, 12), text:sub(13) }
      local lenient = { response = hide.response, max = 10, strict = false }
      assert.equal(text, answered(lenient, nil, { chunks = chunks }).body)
    end)
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("body-transform", settings) end, "body-transform:\n  " .. message)
    end
    refuses({}, "request: required, or response")
    refuses({ request = { remove = { "a..b" } } }, "request.remove[1]: expected a name")
    refuses({ request = { set = { ["a["] = 1 } } }, 'request.set["a["]: a bracket that does not close')
    refuses({ request = { rename = { ["a[0]"] = "b" } } }, 'request.rename["a[0]"]: what is renamed has a name')
    refuses({ request = { rename = { a = 5 } } }, "request.rename.a: expected the new name, got 5 (number)")
    refuses({ request = { set = { a = "{client.idd}" } } },
      'request.set.a: column 2: unknown name "client.idd"; did you mean "client.id"?')
    refuses({ request = { sett = {} } }, 'request.sett: unknown setting; did you mean "set"?')
    refuses({ request = { remove = "a" } }, 'request.remove: expected a list of paths, got "a" (string)')
  end)
end)
