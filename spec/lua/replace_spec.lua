-- SPDX-License-Identifier: Apache-2.0
-- chunk:replace(): the same as on the whole text, wherever it is cut.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"


-- What replace() must come to: on the whole text, from left to right.
local function model(text, plain, with)
  local out, at = {}, 1
  while true do
    local from, to = text:find(plain, at, true)
    if not from then break end
    out[#out + 1] = text:sub(at, from - 1) .. with
    at = to + 1
  end
  return table.concat(out) .. text:sub(at)
end


local function replacer(code)
  return probe.plugin("probe", ([[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = {} }
function p:body(req, res, chunk) %s end
return p
]]):format(code))
end


local function send(plugin, chunks)
  local out = gate.response(plugin, {}, { chunks = chunks })
  assert.is_nil(out.failed)
  return out.body, out.chunks
end


describe("chunk:replace", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local cases = {
    { "a needle in needles needl", "needle", "pin" },
    { "aabaabaaabaaab", "aabaaab", "X" }, -- matches that begin inside of failed ones
    { "aaaaaaa", "aa", "b" },
    { "aaaaaaa", "aaa", "aaaa" }, -- what was put in is not looked at again
    { "abcabcab", "abc", "" },
    { "xyxyxyz", "xyz", "xy" },
    { "nothing here", "q", "r" },
    { "short", "longer than the text", "x" },
    { "\0\r\n\0\r\n\0", "\r\n\0", "\0" },
  }

  for i, case in ipairs(cases) do
    local text, plain, with = unpack(case)

    it(("finds %q in %q at every two cuts"):format(plain, text), function()
      local p = replacer(("chunk:replace(%q, %q)"):format(plain, with))
      local expected = model(text, plain, with)
      for a = 0, #text do
        for b = a, #text do
          local got = send(p, { text:sub(1, a), text:sub(a + 1, b), text:sub(b + 1) })
          assert.equal(expected, got, ("%d: %d %d"):format(i, a, b))
        end
      end
    end)

    it(("finds %q in %q byte by byte"):format(plain, text), function()
      local chunks = {}
      for byte in text:gmatch(".") do chunks[#chunks + 1] = byte end
      local p = replacer(("chunk:replace(%q, %q)"):format(plain, with))
      assert.equal(model(text, plain, with), (send(p, chunks)))
    end)
  end

  it("agrees with the model on random texts", function()
    math.randomseed(20261122)
    local function word(n)
      local letters = {}
      for k = 1, n do letters[k] = math.random(2) == 1 and "a" or "b" end
      return table.concat(letters)
    end
    for _ = 1, 60 do
      local plain, with = word(math.random(5)), word(math.random(0, 3))
      local p = replacer(("chunk:replace(%q, %q)"):format(plain, with))
      local text, chunks, at = word(40), {}, 1
      while at <= #text do
        local n = math.random(7)
        chunks[#chunks + 1] = text:sub(at, at + n - 1)
        at = at + n
      end
      local what = ("%s -> %s in %s"):format(plain, with, table.concat(chunks, "|"))
      assert.equal(model(text, plain, with), (send(p, chunks)), what)
    end
  end)

  it("holds back no more than may be needed", function()
    local _, chunks = send(replacer 'chunk:replace("needle", "pin")', { "a nee", "d", "dle" })
    assert.same({ "a ", "needdle" }, { chunks[1], table.concat(chunks, "", 2) })
    _, chunks = send(replacer 'chunk:replace("needle", "pin")', { "no n", "o" })
    assert.same({ "no ", "no" }, chunks)
  end)

  it("can be called several times: one after the other", function()
    local p = replacer 'chunk:replace("one", "two") chunk:replace("two", "three") chunk:replace("e", "E")'
    local text = "one two on e twone"
    local expected = model(model(model(text, "one", "two"), "two", "three"), "e", "E")
    for a = 0, #text do
      for b = a, #text do
        assert.equal(expected, (send(p, { text:sub(1, a), text:sub(a + 1, b), text:sub(b + 1) })))
      end
    end
  end)

  it("can be called twice with the same text", function()
    local p = replacer 'chunk:replace("aa", "a") chunk:replace("aa", "a")'
    for a = 0, 9 do assert.equal("aaa", (send(p, { ("a"):rep(a), ("a"):rep(9 - a) }))) end
  end)

  it("loses nothing when it is not called for every piece", function()
    local p = replacer 'if not chunk.last and chunk:text() ~= "skip" then chunk:replace("needle", "pin") end'
    assert.equal("neeskipdle", (send(p, { "nee", "skip", "dle" })))
    assert.equal("x nee", (send(p, { "x nee" })))
  end)

  it("loses nothing when its plugin fails and is skipped", function()
    local p = probe.plugin("probe", [[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = {} }
function p:body(req, res, chunk)
  chunk:replace("needle", "pin")
  if req.ctx.n == 2 then error("enough") end
  req.ctx.n = (req.ctx.n or 0) + 1
end
return p
]], { on_error = "skip" })
    local out = gate.response(p, {}, { chunks = { "needle nee", "dle nee", "dle", " needle" } })
    assert.is_false(out.cut)
    assert.equal("pin pin needle needle", out.body)
  end)

  it("tells how many there were", function()
    local p = replacer 'req.ctx.n = (req.ctx.n or 0) + chunk:replace("ab", "c")'
    local out = gate.response(p, {}, { chunks = { "aba", "bab", "a" } })
    assert.equal("ccca", out.body)
    assert.equal(3, out.req.ctx.n)
  end)

  it("keeps uses of a plugin apart", function()
    local p, q = replacer 'chunk:replace("ab", "x")', replacer 'chunk:replace("ab", "y")'
    assert.equal("yy", (send(gate.chain { p, q }, { "a", "ba", "b" })))
  end)

  it("refuses to look for ever more", function()
    local greedy = replacer 'for i = 1, 100 do chunk:replace("text " .. i, "x") end'
    local out = gate.response(greedy, {}, { chunks = { "x" } })
    assert.truthy(out.failed:find("more than can be held", 1, true), out.failed)
    out = gate.response(replacer 'chunk:replace("x", ("y"):rep(1e6))', {}, { chunks = { ("x"):rep(100) } })
    assert.truthy(out.failed:find("more than can be held", 1, true), out.failed)
  end)

  it("has done nothing when it refuses", function()
    local p = replacer 'req.ctx.refused = not pcall(chunk.replace, chunk, "xy", ("y"):rep(1e6)) or req.ctx.refused'
    local text = ("xy"):rep(100) .. "x"
    local out = gate.response(p, {}, { chunks = { text, text } })
    assert.equal(text .. text, out.body)
    assert.is_true(out.req.ctx.refused)
  end)
end)
