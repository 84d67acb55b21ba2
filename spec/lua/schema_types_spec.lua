-- SPDX-License-Identifier: Apache-2.0
-- What each type of one word or one number takes, gives and says.

local schema = require "lunette.schema"
local t = schema.t

-- The value that a setting of type `kind` gets, or the one message.
local function read(kind, value)
  local conf, errors = schema.check({ x = kind }, { x = value }, "p")
  if conf then return conf.x end
  assert.equal(1, #errors)
  return nil, errors[1]
end

local function refuses(kind, value, message)
  local got, why = read(kind, value)
  assert.is_nil(got)
  assert.equal(message, why)
end


describe("t.string", function()
  it("takes a string as it is", function() assert.equal("a b", read(t.string(), "a b")) end)
  it("takes the empty string", function() assert.equal("", read(t.string(), "")) end)

  it("does not turn a number into a string", function()
    refuses(t.string(), 5, "x: expected a string, got 5 (number)")
  end)

  it("holds its least length", function()
    refuses(t.string { min = 3 }, "ab", 'x: expected a string of at least 3 characters, got "ab" (string)')
    assert.equal("abc", read(t.string { min = 3 }, "abc"))
  end)

  it("counts its bounds in", function()
    assert.equal("abc", read(t.string { max = 3 }, "abc"))
    assert.is_nil((read(t.string { max = 3 }, "abcd")))
  end)

  it("cuts a long value in its message", function()
    local _, why = read(t.string { max = 9 }, ("y"):rep(500))
    assert.is_true(#why < 120)
    assert.truthy(why:find("yyy...", 1, true))
  end)

  it("shows control characters as numbers", function()
    refuses(t.string { max = 1 }, "a\nb", 'x: expected a string of at most 1 character, got "a\\010b" (string)')
  end)
end)


describe("t.integer", function()
  it("takes an integer", function() assert.equal(7, read(t.integer(), 7)) end)
  it("takes zero and less", function() assert.equal(-1, read(t.integer(), -1)) end)

  it("says its bounds when the kind is wrong", function()
    refuses(t.integer { min = 1 }, "ten", 'x: expected an integer of at least 1, got "ten" (string)')
  end)

  it("refuses a fraction", function()
    refuses(t.integer(), 1.5, "x: expected an integer, got 1.5 (number)")
  end)

  it("refuses what is below and above its bounds", function()
    refuses(t.integer { min = 1, max = 9 }, 0, "x: expected an integer from 1 to 9, got 0 (number)")
    refuses(t.integer { min = 1, max = 9 }, 10, "x: expected an integer from 1 to 9, got 10 (number)")
    assert.equal(9, read(t.integer { min = 1, max = 9 }, 9))
  end)

  it("shows large numbers in full", function()
    refuses(t.integer { max = 1 }, 1e15, "x: expected an integer of at most 1, got 1000000000000000 (number)")
  end)

  it("refuses infinity and what is not a number", function()
    assert.is_nil((read(t.integer(), 1 / 0)))
    assert.is_nil((read(t.integer(), 0 / 0)))
  end)
end)


describe("t.number", function()
  it("takes a fraction", function() assert.equal(0.5, read(t.number(), 0.5)) end)

  it("refuses infinity and what is not a number", function()
    assert.is_nil((read(t.number(), -1 / 0)))
    assert.is_nil((read(t.number(), 0 / 0)))
  end)

  it("holds its bounds", function()
    refuses(t.number { max = 1 }, 1.5, "x: expected a number of at most 1, got 1.5 (number)")
  end)
end)


describe("t.boolean", function()
  it("takes true and false", function()
    assert.is_true(read(t.boolean(), true))
    assert.is_false(read(t.boolean(), false))
  end)

  it("takes on and off, as YAML writes them", function()
    assert.is_true(read(t.boolean(), "on"))
    assert.is_false(read(t.boolean(), "off"))
  end)

  it("takes no other word", function()
    refuses(t.boolean(), "yes", 'x: expected true or false, got "yes" (string)')
  end)

  it("lets false win over a default of true", function()
    assert.is_false(read(t.boolean { default = true }, false))
  end)
end)


describe("t.oneof", function()
  local by = t.oneof { "client", "ip", "route", default = "client" }

  it("takes each of its choices", function()
    for _, word in ipairs { "client", "ip", "route" } do assert.equal(word, read(by, word)) end
  end)

  it("lists its choices and the nearest one", function()
    refuses(by, "clent",
      'x: expected one of "client", "ip" or "route", got "clent" (string); did you mean "client"?')
  end)

  it("suggests nothing where nothing is near", function()
    refuses(by, "weather", 'x: expected one of "client", "ip" or "route", got "weather" (string)')
  end)
end)


describe("t.header_value", function()
  it("takes what a header can carry", function()
    for _, value in ipairs { "", "a b", "a\tb", "\195\164" } do assert.equal(value, read(t.header_value(), value)) end
  end)

  it("refuses control characters, and white space at the edges", function()
    refuses(t.header_value(), "a\r\nX: b", 'x: expected a header value, got "a\\013\\010X: b" (string)')
    for _, value in ipairs { "a\nb", "a\0b", " a", "a ", 5 } do assert.is_nil((read(t.header_value(), value))) end
  end)
end)


describe("t.content", function()
  it("takes a text, or a table that becomes JSON", function()
    assert.equal("", read(t.content(), ""))
    assert.same({ a = { 1, "b" } }, read(t.content(), { a = { 1, "b" } }))
  end)

  it("refuses what cannot be written as JSON", function()
    refuses(t.content(), 5, "x: expected a text or a table that becomes JSON, got 5 (number)")
    local _, why = read(t.content(), { f = print })
    assert.matches("^x: expected a text or a table that becomes JSON, got a table: .*function", why)
  end)
end)


describe("t.header_name", function()
  it("takes a token", function() assert.equal("X-Api_Key.1", read(t.header_name(), "X-Api_Key.1")) end)

  it("refuses a blank, a colon and nothing", function()
    refuses(t.header_name(), "bad name", 'x: expected a header name, got "bad name" (string)')
    assert.is_nil((read(t.header_name(), "X:")))
    assert.is_nil((read(t.header_name(), "")))
  end)
end)


describe("t.url", function()
  it("takes URLs of any scheme", function()
    for _, url in ipairs { "http://a", "redis://localhost:6379/1", "https://[::1]:8/x?y" } do
      assert.equal(url, read(t.url(), url))
    end
  end)

  it("refuses what lacks a scheme, a host or has blanks", function()
    for _, url in ipairs { "localhost:80", "http://", "http:///x", "http://a b", "//a" } do
      assert.is_nil((read(t.url(), url)), url)
    end
  end)
end)


describe("t.pattern", function()
  it("takes well-formed patterns", function()
    for _, p in ipairs { "", "^a+$", "[%a_][^]%d]*", "(a(b)%2)%1", "%bxy", "%f[%w]", "100%%", "()" } do
      assert.equal(p, read(t.pattern(), p))
    end
  end)

  it("refuses malformed ones before a request meets them", function()
    for _, p in ipairs { "a[", "a%", "(a", "a)", "%bx", "%fa", "%1", "(%1)", "[%" } do
      assert.is_nil((read(t.pattern(), p)), p)
    end
  end)

  it("agrees with string.match on what is malformed", function()
    for _, p in ipairs { "[a", "%", "(", ")", "%b", "%f", "%1", "[^]", "[]", "[a%]" } do
      assert.is_nil((read(t.pattern(), p)), p)
      assert.is_false(pcall(string.match, "a", p), p)
    end
  end)

  -- Every pattern of up to four of these characters.
  it("takes nothing that string.match calls malformed", function()
    local alphabet, list = { "a", "%", "[", "]", "^", "(", ")", "1", "b", "f" }, { "" }
    local function is_wrong(p)
      for _, subject in ipairs { "", "a", "aa", "baab" } do
        local ok, why = pcall(string.match, subject, p)
        if not ok and why:find("malformed") then return true end
      end
      return false
    end
    for _ = 1, 4 do
      local longer = {}
      for _, p in ipairs(list) do
        for _, c in ipairs(alphabet) do
          longer[#longer + 1] = p .. c
          if is_wrong(p .. c) then assert.is_nil((read(t.pattern(), p .. c)), p .. c) end
        end
      end
      list = longer
    end
  end)

  it("takes sets with brackets and escapes in them", function()
    for _, p in ipairs { "[]]", "[^]]", "[%]]", "[a]", "[%%]", "[[]" } do
      assert.equal(p, read(t.pattern(), p))
      assert.is_true(pcall(string.match, "a", p))
    end
  end)
end)


describe("t.secret", function()
  it("gives the value to the plugin", function() assert.equal("hunter22", read(t.secret(), "hunter22")) end)

  it("never shows the value in a message", function()
    refuses(t.secret { min = 9 }, "hunter22", "x: expected a secret of at least 9 characters, got *** (string)")
  end)
end)
