-- SPDX-License-Identifier: Apache-2.0
-- plugins/gzip.lua: the head, and that the content is gzip. What clients make of it is in spec/e2e/41-shipped.

local gate = require "lunette.spec"

local HTML = { ["Content-Type"] = "text/html; charset=utf-8" }
local LONG = ("<p>hello</p>"):rep(500)

describe("gzip", function()
  before_each(gate.reset)

  local function headers(more)
    local all = {}
    for name, value in pairs(HTML) do all[name] = value end
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function ask(options)
    options = options or {}
    local accept = options.accept == nil and "gzip, deflate" or options.accept or nil
    local request = options.request or {}
    request.headers = request.headers or {}
    request.headers["Accept-Encoding"] = accept
    local p = gate.plugin("gzip", options.settings)
    return gate.response(p, request, {
      status = options.status or 200, headers = options.headers or HTML, chunks = options.chunks,
    })
  end

  it("compresses for clients that would rather have it", function()
    local out = ask {
      headers = headers { ["Content-Length"] = tostring(#LONG), ETag = '"a"', ["Accept-Ranges"] = "bytes" },
      chunks = { LONG },
    }
    assert.equal("gzip", out.headers["Content-Encoding"])
    assert.equal("Accept-Encoding", out.headers.Vary)
    assert.equal('W/"a"', out.headers.ETag)
    assert.is_nil(out.headers["Content-Length"])
    assert.is_nil(out.headers["Accept-Ranges"])
    assert.equal("\31\139\8", out.body:sub(1, 3))
    assert.is_true(#out.body < 200)
  end)

  it("leaves it alone for the others, and tells caches why", function()
    for _, accept in ipairs { false, "br", "gzip;q=0", "identity, gzip;q=0.5", "*;q=0" } do
      local out = ask { accept = accept, headers = headers { ETag = '"a"' }, chunks = { LONG } }
      assert.is_nil(out.headers["Content-Encoding"])
      assert.equal("Accept-Encoding", out.headers.Vary)
      assert.equal('"a"', out.headers.ETag)
      assert.equal(LONG, out.body)
    end
  end)

  it("leaves content alone that is encoded, a part, of another type, short, or not to be changed", function()
    for name, case in pairs {
      encoded = { headers = headers { ["Content-Encoding"] = "br" } },
      part = { status = 206, headers = headers { ["Content-Range"] = "bytes 0-9/100" } },
      ["no-transform"] = { headers = headers { ["Cache-Control"] = "no-transform" } },
      image = { headers = { ["Content-Type"] = "image/png" } },
      short = { headers = headers { ["Content-Length"] = "1023" } },
      untyped = { headers = {} },
    } do
      case.chunks = { LONG }
      local before = case.headers["Content-Encoding"]
      local out = ask(case)
      assert.equal(before, out.headers["Content-Encoding"], name)
      assert.is_nil(out.headers.Vary, name)
      assert.equal(LONG, out.body, name)
    end
  end)

  it("treats HEAD as it treats GET", function()
    local request = { method = "HEAD" }
    local out = ask { request = request, headers = headers { ["Content-Length"] = "5000", ETag = '"a"' } }
    assert.equal("gzip", out.headers["Content-Encoding"])
    assert.equal('W/"a"', out.headers.ETag)
    assert.is_nil(out.headers["Content-Length"])
  end)

  it("knows its own validator again in a 304", function()
    local function tag(known)
      return ask { status = 304, headers = { ETag = '"a"' }, request = { headers = { ["If-None-Match"] = known } } }
    end
    assert.equal('W/"a"', tag('W/"x", W/"a"').headers.ETag)
    assert.equal('"a"', tag('"a"').headers.ETag)
    assert.equal("Accept-Encoding", tag('"a"').headers.Vary)
    assert.is_nil(tag('W/"a"').headers["Content-Encoding"])
  end)

  it("joins Vary to what is there", function()
    local out = ask { headers = headers { Vary = "Origin" } }
    assert.same({ "Origin", "Accept-Encoding" }, (function()
      local list = {}
      for _, pair in ipairs(out.all) do
        if pair[1] == "Vary" then list[#list + 1] = pair[2] end
      end
      return list
    end)())
    assert.equal("accept-encoding", ask { headers = headers { Vary = "accept-encoding" } }.headers.Vary)
  end)

  it("sends each event at once", function()
    local out = ask { headers = { ["Content-Type"] = "text/event-stream" }, chunks = { "data: 1\n\n", "data: 2\n\n" } }
    assert.equal(3, #out.chunks)
    assert.equal("\0\0\255\255", out.chunks[1]:sub(-4)) -- the mark of a flush
    out = ask { chunks = { "data: 1\n\n", "data: 2\n\n" } }
    assert.is_nil(out.chunks[1]:find("\0\0\255\255", 1, true))
  end)

  it("wraps plugins that change content", function()
    local chain = gate.chain {
      gate.plugin("gzip", { min_length = 1 }),
      gate.plugin("response-replace", { replace = { { find = "hello", with = "bye" } } }),
    }
    local request = { headers = { ["Accept-Encoding"] = "gzip" } }
    local out = gate.response(chain, request, { headers = HTML, chunks = { "hello" } })
    assert.equal("gzip", out.headers["Content-Encoding"])
    assert.equal("\31\139\8", out.body:sub(1, 3))
  end)

  it("compresses the answers of plugins below it", function()
    local chain = gate.chain { gate.plugin("gzip", {}), function() return 404, LONG end }
    local out = gate.request(chain, { headers = { ["Accept-Encoding"] = "gzip" } })
    assert.equal("gzip", out.headers["Content-Encoding"])
    assert.is_true(#out.body < 200)
    chain = gate.chain { gate.plugin("gzip", {}), function() return 404, "short" end }
    assert.equal("short", gate.request(chain, { headers = { ["Accept-Encoding"] = "gzip" } }).body)
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("gzip", settings) end, "gzip:\n  " .. message)
    end
    refuses({ level = 0 }, "level: expected an integer from 1 to 9, got 0 (number)")
    refuses({ types = { "html" } }, 'types[1]: expected a content type such as "text/html", "text/*" or '
      .. '"application/*+json", got "html" (string)')
    refuses({ min_lenght = 5 }, 'min_lenght: unknown setting; did you mean "min_length"?')
  end)
end)
