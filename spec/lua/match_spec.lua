-- SPDX-License-Identifier: Apache-2.0
-- Patterns in plugins mean what LuaJIT's own mean: the same answers, the same mistakes, for many patterns and texts.

local match = require "lunette.match"

local SEED = tonumber(os.getenv("LN_SEED")) or 20240607
local ROUNDS = tonumber(os.getenv("LN_MATCH_ROUNDS")) or 8000


local function shown(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end


-- What a function gives, or what it says is wrong, without its place.
local function outcome(f, ...)
  local list = { pcall(f, ...) }
  if not list[1] then
    list[2] = tostring(list[2]):gsub("^[^ ]*:%d+: ", ""):gsub("'%?'", "'f'"):gsub("'%l+' %(", "'f' (")
  end
  for i = 1, table.maxn(list) do list[i] = shown(list[i]) end
  return table.concat(list, " ", 1, table.maxn(list))
end


local function gathered(gmatch, s, p)
  local all = {}
  for a, b, c in gmatch(s, p) do
    all[#all + 1] = shown(a) .. "," .. shown(b) .. "," .. shown(c)
    if #all > 200 then break end
  end
  return table.concat(all, ";")
end


local function joined(...)
  local list = { ... }
  for i = 1, select("#", ...) do list[i] = tostring(list[i]) end
  return "<" .. table.concat(list, "|") .. ">"
end


local random = math.random

local ITEMS = {
  "a", "b", "c", ".", "%a", "%d", "%s", "%w", "%W", "%p", "%x", "%z", "%g", "%u", "%l", "%c", "%%", "%.", "%-", "[ab]",
  "[^ab]", "[a-c]", "[]]", "[^]]", "[%a_]", "[%d-]", "[a-]", "[-a]", "[a%]]", "(a)", "(.)", "()", "(", ")", "%1", "%2",
  "%b()", "%bab", "%baa", "%f[%w]", "%f[^a]", "%f[%z]", "$", "^", "-", "*", "+", "?", "\0", "\200", "\255", "[\1-\255]",
  "[", "]", "%", "%b", "%f", "%bx", "[^", "[a-%%]", "[%a-z]", "[%", "(()a)", "(a*(.)%w(%s*))",
}
local SUFFIX = { "", "", "", "*", "+", "-", "?" }
local BYTES = {
  "a", "a", "a", "b", "b", "c", "(", ")", " ", "1", "-", ".", "%", "]", "^", "$", "_", "A", "\0", "\n", "\200", "\255",
}


local function text_of(list, most, suffixes)
  local out = {}
  for i = 1, random(0, most) do
    out[i] = list[random(#list)] .. (suffixes and suffixes[random(#suffixes)] or "")
  end
  return table.concat(out)
end

local INITS = { 1, 1, 1, 2, 3, 5, 30, 0, -1, -2, -5, -30 }
local WITH = {
  "", "x", "%0", "%1", "%2", "<%0>", "%1%1", "%", "%%", "%x", "a%", 7, joined, function() return nil end,
  function() return false end, function() return 5 end, function() return {} end, { a = "A", b = false, c = 3 },
  setmetatable({}, { __index = function(_, key) return key == "a" and "from __index" or nil end }), true, print and nil,
}


local function pair(name, s, p, third, fourth)
  local function claim()
    return ("%s(%s, %s, %s, %s)"):format(name, shown(s), shown(p), shown(third), shown(fourth))
  end
  local expected, got = outcome(string[name], s, p, third, fourth), outcome(match[name], s, p, third, fourth)
  if expected ~= got then error(("%s: expected %s, got %s (seed %d)"):format(claim(), expected, got, SEED), 0) end
end


describe("patterns in plugins", function()
  it("mean the same as LuaJIT's, whatever the pattern", function()
    math.randomseed(SEED)
    for _ = 1, ROUNDS do
      local s, p = text_of(BYTES, 14), text_of(ITEMS, 5, SUFFIX)
      if random(4) == 1 then p = "^" .. p end
      pair("find", s, p, INITS[random(#INITS)], random(6) == 1 or nil)
      pair("match", s, p, INITS[random(#INITS)])
      pair("gsub", s, p, WITH[random(#WITH)], random(5) == 1 and random(-1, 3) or nil)
      local expected, got = outcome(gathered, string.gmatch, s, p), outcome(gathered, match.gmatch, s, p)
      if expected ~= got then
        error(("gmatch(%s, %s): expected %s, got %s"):format(shown(s), shown(p), expected, got), 0)
      end
    end
  end)

  it("take what strings convert from, and refuse what they do not", function()
    for _, name in ipairs { "find", "match", "gsub" } do
      local third = name == "gsub" and "x" or nil
      for _, s in ipairs { 5, 1.5, "5", true, {} } do
        pair(name, s, "5", third)
        pair(name, "15", s, third)
        if name == "gsub" then pair(name, "15", "5", "x", s) else pair(name, "555", "5", s) end
      end
    end
    pair("find", "abc", "b", "2")
    pair("find", "a1.5", 1.5, -3.9, 1)
  end)

  it("are as deep as LuaJIT's", function()
    for _, n in ipairs { 30, 31, 32, 33 } do pair("match", "abc", ("()"):rep(n)) end
    for n = 190, 205 do pair("match", ("a"):rep(n), ("a?"):rep(n)) end
    pair("match", "abc", ("("):rep(40))
  end)

  it("hold for long texts", function()
    local s = ("key=value; "):rep(20000)
    pair("gsub", s, "(%w+)=(%w+)", "%2=%1")
    pair("gsub", s, "%w", { k = "K" })
    pair("match", s, ".*()v")
    pair("find", s, "=nothing", 1, true)
    pair("gsub", s, "", "-", 70000)
    pair("find", ("a"):rep(300000), "^a*$")
    pair("match", ("a"):rep(300000), "^[%w%-_%.~!&'*+,;=:@/?]*$")
  end)

  it("do not forget captures when the function of gsub matches, too", function()
    assert.equal("<a1><b2>", (match.gsub("a1b2", "(%l)(%d)", function(letter, digit)
      match.find("zzzzz", "(z)(z)(z)")
      return "<" .. letter .. digit .. ">"
    end)))
  end)

  it("give up what would take too long", function()
    local cases = {
      { ("a"):rep(40), ("a?"):rep(40) .. ("a"):rep(40) },
      { ("a"):rep(60), ("(a*)"):rep(20) .. "b" },
      { ("a"):rep(2e5), ".-.-.-b" },
      { ("("):rep(2e5), "%b()" },
      { ("x"):rep(2e5), ".*.*.*y" },
    }
    for _, case in ipairs(cases) do
      for _, name in ipairs { "find", "match", "gsub", "gmatch" } do
        local before = os.clock()
        local ok, why = pcall(function()
          local r = match[name](case[1], case[2], name == "gsub" and "" or nil)
          return name == "gmatch" and r() or r
        end)
        assert.is_false(ok, case[2])
        assert.truthy(why:find("the pattern takes too long", 1, true), why)
        assert.is_true(os.clock() - before < 1.5)
      end
    end
  end)

  it("look once where one look is enough: the last line end of a long line", function()
    local text = ("x"):rep(1e6)
    for _, pattern in ipairs { ".*()\n", ".-()\n", "^.*()\n" } do assert.is_nil(match.match(text, pattern)) end
    assert.equal(500001, match.match(text:sub(1, 5e5) .. "\n" .. text, ".*()\nx"))
    assert.equal((("baabbaab"):gsub("(.*)b%1", "%1")), (match.gsub("baabbaab", "(.*)b%1", "%1")))
  end)

  it("find plain texts in linear time", function()
    local before = os.clock()
    assert.is_nil(match.find(("a"):rep(1e6), ("a"):rep(5e5) .. "b", 1, true))
    assert.is_true(os.clock() - before < 0.5)
  end)
end)
