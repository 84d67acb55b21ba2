-- SPDX-License-Identifier: Apache-2.0
-- Settings of the types t.addresses and t.file: what stands in files of its own.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"


local function plugin(settings)
  return probe.plugin("probe", [[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = {
  list = t.addresses {}, page = t.file { max = 20 },
} }
function p:request(req)
  return 200, { has = self.conf.list and self.conf.list:contains(req.client.ip), page = self.conf.page }
end
return p
]], settings)
end


local function has(list, ip)
  return gate.request(plugin { list = list }, { ip = ip }):json().has
end


local function fault(settings)
  local ok, why = pcall(plugin, settings)
  assert.is_false(ok)
  return (why:gsub(files.folder(), "DIR"))
end


local function says(why, what)
  assert.truthy(why:find(what, 1, true), why)
end


describe("t.addresses", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("knows addresses and blocks of both families", function()
    local list = { "10.0.0.0/8", "192.0.2.7", "2001:db8::/32" }
    assert.is_true(has(list, "10.255.1.2"))
    assert.is_true(has(list, "192.0.2.7"))
    assert.is_true(has(list, "2001:db8::5"))
    assert.is_true(has(list, "::ffff:10.0.0.1"))
    assert.is_false(has(list, "192.0.2.8"))
    assert.is_false(has(list, "2001:db9::5"))
    assert.is_false(has(list, "unix:"))
    assert.is_false(has({}, "10.0.0.1"))
    assert.is_true(has("10.0.0.0/8", "10.0.0.1"))
  end)

  it("reads files", function()
    local path = files.write("office.txt",
      "# our office\n10.0.0.0/8   # old\r\n\n  2001:db8::/32\n192.0.2.7;home\n; end")
    for _, ip in ipairs { "10.1.1.1", "2001:db8::1", "192.0.2.7" } do
      assert.is_true(has({ "198.51.100.1", "file:" .. path }, ip), ip)
    end
    assert.is_false(has({ "file:" .. path }, "192.0.2.8"))
  end)

  it("asks ten thousand blocks as fast as ten", function()
    local lines = {}
    for i = 0, 9999 do lines[i + 1] = ("10.%d.%d.0/24"):format(math.floor(i / 250), i % 250) end
    local list = { "file:" .. files.write("many.txt", table.concat(lines, "\n")) }
    assert.is_true(has(list, "10.39.249.255"))
    assert.is_false(has(list, "10.39.250.0"))
  end)

  it("says which item and which line is wrong", function()
    local path = files.write("bad.txt", "10.0.0.0/8\nten\n1.2.3.4 5.6.7.8\n")
    local expected = 'expected an address block such as "10.0.0.0/8" or "2001:db8::/32"'
    local why = fault { list = { "10.0.0.1/8", 5, "file:" .. path, "file:" .. files.folder() .. "/none" } }
    says(why, "probe:\n  list[1]: " .. expected .. ', or "file:" and a path, got "10.0.0.1/8" (string)')
    says(why, "list[2]: " .. expected .. ', or "file:" and a path, got 5 (number)')
    says(why, "list[3]: DIR/bad.txt:2: " .. expected .. ', got "ten" (string)')
    says(why, 'DIR/bad.txt:3: expected one address block in a line, got "1.2.3.4 5.6.7.8" (string)')
    says(why, "list[4]: ")
  end)

  it("does not say it a thousand times", function()
    local path = files.write("bad.txt", ("ten\n"):rep(1000))
    local why = fault { list = { "file:" .. path } }
    assert.truthy(why:find("and 995 more such lines", 1, true))
    assert.equal(6, select(2, why:gsub("\n", "\n")))
  end)

  it("refuses what is no list", function()
    says(fault { list = { a = "10.0.0.1" } }, "list: expected a list of addresses, blocks and files")
    assert.truthy(fault { list = 5 }:find("got 5 (number)", 1, true))
  end)

  it("cannot be changed by a plugin", function()
    local p = probe.plugin("probe", [[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = { list = t.addresses {} } }
function p:request(req) self.conf.list.x = 1 end
return p
]], { list = {} })
    assert.equal(500, gate.request(p).status)
  end)
end)


describe("t.file", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("is the content of the file", function()
    assert.equal("closed\n", gate.request(plugin { page = files.write("page", "closed\n") }):json().page)
  end)

  it("has a bound that may be written as a size", function()
    local head = 'local p = plugin "probe" {\n'
      .. 'version = "1.0.0", api = 1, schema = { page = t.file { max = %s } } }\nreturn p\n'
    local page = files.write("page", ("x"):rep(1025))
    local _, why = pcall(probe.plugin, "probe", head:format '"1k"', { page = page })
    assert.truthy(tostring(why):find("has 1025 bytes; at most 1024 are possible", 1, true), why)
    assert.is_truthy(probe.plugin("probe", head:format '"2k"', { page = page }))
    _, why = pcall(probe.plugin, "probe", head:format '"large"', {})
    assert.truthy(tostring(why):find('max: expected a size such as 4096, "64k" or "1m", got "large"', 1, true), why)
  end)

  it("has a bound and must be there", function()
    says(fault { page = files.write("page", ("x"):rep(21)) }, "has 21 bytes; at most 20 are possible")
    assert.truthy(fault { page = files.folder() .. "/none" }:find("page: ", 1, true))
    assert.truthy(fault { page = 5 }:find("page: expected the path of a file, got 5 (number)", 1, true))
  end)
end)
