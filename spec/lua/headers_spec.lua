-- SPDX-License-Identifier: Apache-2.0
-- Header fields of the request and of the response, as plugins see and change them.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

-- The values of a name in a list of { name, value }.
local function values(all, name)
  local found = {}
  for _, pair in ipairs(all) do
    if pair[1]:lower() == name:lower() then found[#found + 1] = pair[2] end
  end
  return found
end


describe("req.headers", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local two = { headers = { ["X-Two"] = { "a", "b" }, ["X-One"] = "c" } }

  local function get(read)
    local value
    gate.request(function(req) value = read(req.headers) end, two)
    return value
  end

  local function sent(change)
    return gate.request(function(req) change(req.headers) end, two):sent()
  end

  it("gives the first value, in any case of the name", function()
    assert.equal("a", get(function(h) return h["X-Two"] end))
    assert.equal("c", get(function(h) return h["x-one"] end))
  end)

  it("gives nil for what is not there", function()
    assert.is_nil(get(function(h) return h["X-None"] end))
  end)

  it("gives all values", function()
    assert.same({ "a", "b" }, get(function(h) return h:all("x-two") end))
    assert.same({}, get(function(h) return h:all("X-None") end))
  end)

  it("can be walked", function()
    local seen = get(function(h)
      local list = {}
      for name, value in h:each() do
        if name:lower():find("^x%-") then list[#list + 1] = name:lower() .. "=" .. value end
      end
      table.sort(list)
      return list
    end)
    assert.same({ "x-one=c", "x-two=a", "x-two=b" }, seen)
  end)

  it("are replaced by assignment", function()
    assert.same({ "z" }, values(sent(function(h) h["x-two"] = "z" end).all, "X-Two"))
  end)

  it("are removed by assigning nil", function()
    assert.same({}, values(sent(function(h) h["X-Two"] = nil end).all, "X-Two"))
  end)

  it("take a number", function()
    assert.equal("7", sent(function(h) h["X-N"] = 7 end).headers["X-N"])
  end)

  it("can be added to", function()
    assert.same({ "a", "b", "z" }, values(sent(function(h) h:add("X-Two", "z") end).all, "X-Two"))
  end)

  it("leave the others as they were", function()
    assert.equal("c", sent(function(h) h["X-Two"] = nil end).headers["X-One"])
  end)

  it("see their own changes", function()
    assert.equal("z", get(function(h) h["X-New"] = "z" return h["x-new"] end))
  end)

  local bad = {
    ["a line end in a value"] = { "X-A", "b\r\nX-C: d" },
    ["a lone line feed"] = { "X-A", "b\nc" },
    ["a zero byte"] = { "X-A", "b\0c" },
    ["a blank in a name"] = { "X A", "b" },
    ["a colon in a name"] = { "X-A:", "b" },
    ["an empty name"] = { "", "b" },
    ["a table as value"] = { "X-A", {} },
    ["a boolean as value"] = { "X-A", true },
  }
  for case, pair in pairs(bad) do
    it("refuse " .. case, function()
      local out = gate.request(function(req) req.headers[pair[1]] = pair[2] end)
      assert.equal(500, out.status)
      assert.is_nil(gate.request(function(req) req.headers["X-A"] = "b" end).status)
    end)
  end

  it("refuse the fields that frame the message", function()
    for _, name in ipairs { "Content-Length", "Transfer-Encoding", "Connection" } do
      local out = gate.request(function(req) req.headers[name] = "5" end)
      local got = out.status == 500 or out:sent().headers[name] == nil
      assert.is_true(got, name)
    end
  end)

  it("can be edited by a prepared list", function()
    local p = probe.handler("request", "req.headers:apply(self.conf.edits)", {
      schema = "edits = t.edits {}",
      settings = { edits = { remove = { "X-Two" }, set = { ["X-One"] = "new" }, add = { ["X-One"] = "more" } } },
    })
    local got = gate.request(p, two):sent()
    assert.same({}, values(got.all, "X-Two"))
    assert.same({ "new", "more" }, values(got.all, "X-One"))
  end)

  it("keep the same answer under the JIT", function()
    local p = probe.handler("request", [[
      for i = 1, 500 do
        req.headers["X-Count"] = i
        if req.headers["x-count"] ~= tostring(i) then return 500 end
      end
      return 200, req.headers["X-Count"] ]])
    assert.equal("500", gate.request(p).body)
  end)
end)


describe("res.headers", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("are read and changed in a response handler", function()
    local p = probe.handler("response", 'res.headers["X-Old"], res.headers["X-New"] = nil, res.headers["X-Old"] .. "!"')
    local out = gate.response(p, {}, { status = 200, headers = { ["X-Old"] = "a" } })
    assert.is_nil(out.headers["X-Old"])
    assert.equal("a!", out.headers["X-New"])
  end)

  it("are kept from a request handler until there is a response", function()
    local p = probe.handler("request", [[
      res.headers["X-Early"] = "1"
      res.headers:add("Vary", "Origin")
      res.headers["Server"] = nil ]])
    local out = gate.response(p, {}, { status = 200, headers = { Server = "s", Vary = "Accept" } })
    assert.equal("1", out.headers["X-Early"])
    assert.is_nil(out.headers.Server)
    assert.same({ "Accept", "Origin" }, values(out.all, "Vary"))
  end)

  it("are refused in a request handler when they could not be sent", function()
    assert.equal(500, gate.request(probe.handler("request", 'res.headers["X-A"] = "a\\nb"')).status)
  end)

  it("of one request are not those of another", function()
    local p = probe.handler("request", 'if req.path == "/a" then res.headers["X-A"] = "1" end')
    assert.equal("1", gate.response(p, "GET /a", { status = 200 }).headers["X-A"])
    assert.is_nil(gate.response(p, "GET /b", { status = 200 }).headers["X-A"])
  end)
end)
