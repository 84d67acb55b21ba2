-- SPDX-License-Identifier: Apache-2.0
-- Whatever people write as a setting, the answer is a value or a sentence: never an error of ours.

local schema = require "lunette.schema"
local t = schema.t

local seed = 20260101

-- A small generator of our own: the same junk every time, on every machine.
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2 ^ 31
  return math.floor(seed / 2 ^ 16) % n + 1
end

local words = {
  "", "a", "1", "10/s", "5m", "64k", "10.0.0.0/8", "::", "{req.path}", "{", "X-A", "http://a", "\r\n", "\0", "%", "[",
  "on", "header:x", ("z"):rep(300), "\255\254",
}
local numbers = { 0, -1, 1, 0.5, 1e300, -1e300, 1 / 0, -1 / 0, 0 / 0, 2 ^ 53 }


local function junk(depth)
  local kind = random(depth > 0 and 7 or 4)
  if kind == 1 then return words[random(#words)] end
  if kind == 2 then return numbers[random(#numbers)] end
  if kind == 3 then return random(2) == 1 end
  if kind == 4 then return print end
  local out = {}
  for i = 1, random(4) - 1 do
    local key = i
    if kind == 6 then key = words[random(#words)] end
    if kind == 7 then key = ({ "set", "add", "remove", "a", 7, 0, -1, true })[random(8)] end
    out[key] = junk(depth - 1)
  end
  return out
end


describe("a setting that is junk", function()
  local makes = {
    list = function() return t.list { t.integer() } end,
    map = function() return t.map { t.header_name(), t.rate() } end,
    record = function() return t.record { { a = t.integer { required = true }, set = t.edits() } } end,
    oneof = function() return t.oneof { "a", "b" } end,
  }

  for _, kind in ipairs(schema.kinds()) do
    it("gets a value or a sentence from t." .. kind, function()
      local kinds = { x = makes[kind] and makes[kind]() or t[kind]() }
      for _ = 1, 400 do
        local value = junk(3)
        local conf, errors = schema.check(kinds, { x = value }, "p")
        if conf then
          assert.is_not_nil(conf.x)
        else
          assert.is_true(#errors > 0)
          for _, sentence in ipairs(errors) do
            assert.truthy(sentence:find("^x[^:]*: ") or sentence:find('^x%b[]', 1) or sentence:find("^x%."), sentence)
            assert.falsy(sentence:find("[%c]"), sentence)
          end
        end
      end
    end)
  end

  it("is refused as a whole table of settings, too", function()
    for _ = 1, 400 do
      local value = junk(2)
      local conf, errors = schema.check({ a = t.integer { required = true } }, value, "p")
      assert.is_true(conf ~= nil or #errors > 0)
    end
  end)
end)
