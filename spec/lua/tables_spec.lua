-- SPDX-License-Identifier: Apache-2.0
-- table.sort and table.insert of plugins: as LuaJIT's where those are right, and never endless.

local tables = require "lunette.tables"


describe("table.sort", function()
  it("orders as LuaJIT's does", function()
    math.randomseed(7)
    for n = 0, 200 do
      local a, b = {}, {}
      for i = 1, n do
        a[i] = math.random(1, 50)
        b[i] = a[i]
      end
      tables.sort(a)
      table.sort(b)
      assert.same(b, a)
      local function down(x, y) return x > y end
      tables.sort(a, down)
      table.sort(b, down)
      assert.same(b, a)
    end
  end)

  it("keeps equal elements in their order", function()
    local list = {}
    for i = 1, 500 do list[i] = { key = i % 7, number = i } end
    tables.sort(list, function(x, y) return x.key < y.key end)
    for i = 2, #list do
      assert.is_true(list[i - 1].key < list[i].key or list[i - 1].number < list[i].number)
    end
  end)

  it("ends whatever the comparison says, and loses nothing", function()
    for _, before in ipairs {
      function() return true end, function() return false end, function() return math.random() < 0.5 end,
    } do
      local list, sum = {}, 0
      for i = 1, 1000 do list[i] = i end
      tables.sort(list, before)
      for i = 1, 1000 do sum = sum + list[i] end
      assert.equal(500500, sum)
    end
  end)

  it("lets the comparison wait", function()
    local co = coroutine.wrap(function()
      local list = { 3, 1, 2 }
      tables.sort(list, function(a, b) coroutine.yield() return a < b end)
      return list
    end)
    local result
    repeat result = co() until result
    assert.same({ 1, 2, 3 }, result)
  end)

  it("passes errors on, and names wrong arguments", function()
    assert.has_error(function() tables.sort({ 3, "a" }) end)
    assert.error_matches(function() tables.sort() end, "bad argument #1 to 'sort' %(table expected, got no value%)")
    assert.error_matches(function() tables.sort({}, 5) end, "bad argument #2 to 'sort' %(function expected")
  end)
end)


describe("table.insert", function()
  it("does what LuaJIT's does", function()
    for _, place in ipairs { 1, 2, 3, 4, 0, -2, 1.5, "2", 7 } do
      local a, b = { 1, 2, 3 }, { 1, 2, 3 }
      tables.insert(a, place, "x")
      table.insert(b, place, "x")
      assert.same(b, a)
    end
    local list = {}
    tables.insert(list, "end")
    assert.same({ "end" }, list)
  end)

  it("names wrong arguments", function()
    assert.error_matches(function() tables.insert({}, 1, 2, 3) end, "wrong number of arguments to 'insert'")
    assert.error_matches(function() tables.insert({}) end, "wrong number of arguments to 'insert'")
    assert.error_matches(function() tables.insert({}, "x", 3) end, "bad argument #2 to 'insert'")
    assert.error_matches(function() tables.insert(nil, 3) end, "bad argument #1 to 'insert'")
  end)
end)
