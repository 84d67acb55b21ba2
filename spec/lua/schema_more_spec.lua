-- SPDX-License-Identifier: Apache-2.0
-- Types of settings: time, media_type, any.

local schema = require "lunette.schema"

local t = schema.t


local function read(kind, value)
  local conf, errors = schema.check({ x = kind }, { x = value }, "p")
  return conf and conf.x, errors
end


describe("t.time", function()
  for written, seconds in pairs {
    ["1970-01-01T00:00:00Z"] = 0,
    ["2026-11-30T22:00:00Z"] = 1796076000,
    ["2026-11-30T23:00+01:00"] = 1796076000,
    ["2026-11-30 16:30:00.25-05:30"] = 1796076000,
    ["2000-02-29T12:00:00z"] = 951825600,
    ["2100-03-01T00:00Z"] = 4107542400,
    ["1969-12-31T23:59:59Z"] = -1,
  } do
    it("reads " .. written, function() assert.equal(seconds, (read(t.time(), written))) end)
  end

  for _, written in ipairs {
    "2026-11-30", "2026-11-30T22:00:00", "2026-13-01T00:00Z", "2026-02-29T00:00Z", "2100-02-29T00:00Z",
    "2026-11-31T00:00Z", "2026-11-30T24:00Z", "2026-11-30T22:60Z", "2026-11-30T22:00:60Z", "tomorrow", "",
    "2026-00-10T00:00Z", "2026-11-30T22:00+1",
  } do
    it("refuses " .. written, function()
      local got, errors = read(t.time(), written)
      assert.is_nil(got)
      assert.truthy(errors[1]:find('x: expected a time such as "2026-11-30T22:00:00Z"', 1, true))
    end)
  end
end)


describe("t.media_type", function()
  it("takes types with and without stars", function()
    for _, kind in ipairs { "text/html", "text/*", "*/*", "application/*+json", "application/vnd.a-b+xml" } do
      assert.equal(kind, (read(t.media_type(), kind)))
    end
  end)

  it("refuses what is none", function()
    for _, kind in ipairs {
      "html", "*/html", "text/", "/html", "text/h*", "text/html; charset=utf-8", "a/b/c", "a*/b",
    } do
      assert.is_nil((read(t.media_type(), kind)), kind)
    end
  end)
end)


describe("t.any", function()
  it("takes anything", function()
    assert.same({ 1, { a = "b" } }, (read(t.any(), { 1, { a = "b" } })))
    assert.is_false((read(t.any(), false)))
  end)

  it("may be required", function()
    local _, errors = read(t.any { required = true }, nil)
    assert.same({ "x: required: expected any value" }, errors)
  end)
end)
