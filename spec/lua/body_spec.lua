-- SPDX-License-Identifier: Apache-2.0
-- Body handlers and their chunks: what they see, what they may do, who is asked.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

local PLUGIN = [[
local p = plugin "%s" { version = "1.0.0", api = 1, schema = { with = t.string {} }%s }
%s
return p
]]


-- A plugin from the text of its handlers; more: further parts of its declaration.
local function make(name, handlers, settings, more)
  return probe.plugin(name, PLUGIN:format(name, more or "", handlers), settings)
end


-- With nothing but `code` as its body handler, which begins in line 2.
local function body(code, settings)
  return make("probe", ("function p:body(req, res, chunk) %s end"):format(code), settings)
end


local function send(plugin, chunks, response)
  response = response or {}
  response.chunks = chunks
  return gate.response(plugin, {}, response)
end


describe("a body handler", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("sees each piece, and an empty one at the end", function()
    local out = send(body 'chunk:set(("%d%s:%s,"):format(chunk.size, tostring(chunk.last):sub(1, 1), chunk:text()))',
      { "one", "", "three" })
    assert.equal("3f:one,0f:,5f:three,0t:,", out.body)
  end)

  it("changes, drops, or lets pass", function()
    local out = send(body 'if chunk.size == 1 then chunk:drop() elseif chunk.size == 2 then chunk:set("<>") end',
      { "a", "bb", "ccc" })
    assert.same({ "<>", "ccc" }, out.chunks)
  end)

  it("takes any bytes, and numbers", function()
    assert.equal("\0\r\n\255", send(body "chunk:set(chunk:text())", { "\0\r", "\n\255" }).body)
    assert.equal("3", send(body "chunk:set(chunk.size)", { "abc" }).chunks[1])
  end)

  it("may wait", function()
    local before = gate.clock:now()
    assert.equal("ok!!", send(body 'sleep(1) chunk:set(chunk:text() .. "!")', { "ok" }).body)
    assert.near(2, gate.clock:now() - before, 0.001)
  end)

  it("runs below the others first", function()
    local chain = gate.chain { make("outer", 'function p:body(_, _, c) c:set("(" .. c:text() .. ")") end'),
      make("inner", 'function p:body(_, _, c) c:set("[" .. c:text() .. "]") end') }
    assert.equal("([x])([])", send(chain, { "x" }).body)
  end)

  it("takes no part where its `when` says so", function()
    local p = body('chunk:set("seen")', { when = function(req) return req.path == "/yes" end })
    assert.equal("x", gate.response(p, "GET /no", { chunks = { "x" } }).body)
    assert.equal("seenseen", gate.response(p, "GET /yes", { chunks = { "x" } }).body)
  end)

  it("sees answers of the plugins below it, and not its own", function()
    local upper = 'function p:body(_, _, c) c:set(c:text():upper()) end\n'
    local answers = upper .. 'function p:request() return 403, "no" end'
    local out = gate.request(gate.chain { make("above", upper), make("below", answers) })
    assert.same({ 403, "NO" }, { out.status, out.body })
    assert.equal("no", gate.request(make("below", answers)).body)
    local replaces = upper .. 'function p:response() return 202, "new" end'
    out = send(gate.chain { make("above", upper), make("below", replaces), make("last", upper) }, { "old" })
    assert.same({ 202, "NEW" }, { out.status, out.body })
  end)

  it("can be skipped for a response", function()
    local p = make("p", 'function p:response(_, res) if res.status == 200 then return res:skip_body() end end\n'
      .. 'function p:body(_, _, chunk) chunk:set("seen") end')
    assert.equal("x", send(p, { "x" }, { status = 200 }).body)
    assert.equal("seenseen", send(p, { "x" }, { status = 201 }).body)
  end)

  it("of one plugin is skipped, of another not", function()
    local skips = make("a", 'function p:response(_, res) res:skip_body() end\nfunction p:body(_, _, c) c:set("a") end')
    local other = make("b", "function p:body(_, _, c) c:set(c:text():upper()) end")
    assert.equal("X", send(gate.chain { skips, other }, { "x" }).body)
    assert.equal("X", send(gate.chain { other, skips }, { "x" }).body)
  end)

  it("gets one chunk with `buffer`", function()
    local handler = "function p:body(_, _, c) c:set(c:text():reverse() .. tostring(c.last)) end"
    local p = make("p", handler, nil, ', buffer = "1k"')
    assert.same({ "cbatrue" }, send(p, { "a", "b", "c" }).chunks)
    assert.is_true(send(p, { ("x"):rep(1025) }).cut)
  end)

  it("that raises cuts the response off, with a line that says where", function()
    local out = send(body 'if chunk:text() == "b" then error("cannot") end chunk:set("+")', { "a", "b", "c" })
    assert.is_true(out.cut)
    assert.same({ "+" }, out.chunks)
    local line = gate.logged()[1]
    assert.truthy(line.text:find("plugin probe failed in body: .*probe%.lua:2: cannot"), line.text)
    assert.same({ "probe", "body", "spec", "fail" },
      { line.fields.plugin, line.fields.handler, line.fields.route, line.fields.on_error })
  end)

  it("that raises is left out with on_error = skip", function()
    local p = body('if chunk:text() == "b" then chunk:set("lost") error("cannot") end chunk:set("+")',
      { on_error = "skip" })
    local out = send(gate.chain { make("upper", "function p:body(_, _, c) c:set(c:text():upper()) end"), p },
      { "a", "b", "c" })
    assert.is_false(out.cut)
    assert.same({ "+", "B", "C" }, out.chunks)
    assert.equal(1, #gate.logged())
  end)

  it("cannot change the head any more", function()
    local out = send(body [[
      for _, f in ipairs {
        function() res.headers["X-Late"] = "1" end,
        function() res.status = 500 end,
        function() res:skip_body() end,
        function() req:read_body() end,
        function() req.path = "/x" end,
      } do
        if pcall(f) then error("that should not go") end
      end
      chunk:set(res.headers["X-Early"] .. res.status)]], { "x" }, { headers = { ["X-Early"] = "1" } })
    assert.is_nil(out.failed)
    assert.equal("12001200", out.body)
  end)

  it("cannot keep its chunk", function()
    local p = make("p", [[
      local kept
      function p:body(req, res, chunk)
        if kept then
          for _, f in ipairs { kept.text, kept.set, kept.drop, kept.replace } do
            local ok, why = pcall(f, kept, "a", "b")
            if ok or not why:find("a chunk cannot be kept", 1, true) then error(tostring(why)) end
          end
        end
        kept = chunk
      end
      function p:log(req, res) req.ctx.ok, req.ctx.why = pcall(function() return kept.size end) end]])
    local out = gate.log(send(p, { "a", "b" }))
    assert.equal("ab", out.body)
    assert.is_nil(out.failed)
    assert.is_false(out.req.ctx.ok)
  end)

  for code, why in pairs {
    ["chunk.txt()"] = 'chunk has no field "txt"; did you mean "text"?',
    ["chunk.size = 3"] = "chunk cannot be assigned to: chunk:set(text) changes it",
    ["chunk:set({})"] = "chunk:set: expected a string, got a table",
    ["chunk:replace('', 'x')"] = "chunk:replace: expected 1 to 4096 bytes to look for, got 0",
    ["chunk:replace('x')"] = 'chunk:replace: expected two strings, got "x" (string) and a nil',
    ["chunk.text(nil)"] = "chunk:text",
  } do
    it("is told what is wrong with " .. code, function()
      local out = send(body(code), { "x" })
      assert.truthy(out.failed and out.failed:find(why, 1, true), out.failed)
      assert.equal("x", send(body "chunk:set(chunk:text())", { "x" }).body)
    end)
  end

  it("is not there to be misspelt", function()
    assert.has_error(function() make("p", "function p:bdoy() end") end)
    assert.has_error(function() make("p", "", nil, ', buffer = "lots"') end)
  end)
end)
