-- SPDX-License-Identifier: Apache-2.0
-- docs/auth.md tells the truth: its consumers and routes load, and its plugin works.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local page = files.read("docs/auth.md")


-- The block of code that has this text in it.
local function block(kind, mark)
  for text in page:gmatch("\n```" .. kind .. "\n(.-\n)```") do
    if text:find(mark, 1, true) then return text end
  end
  error("no block with " .. mark)
end


describe("docs/auth.md", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("has routes that load, and ask for a key", function()
    gate.consumers {
      { name = "alice", keys = "alice-key-1", groups = { "staff" } }, { name = "bob", keys = "bob-key-123" },
    }
    local routes = gate.routes(files.write("routes.lua", block("lua", 'use "acl"')))
    assert.equal(401, routes:request("GET /api/a").status)
    assert.equal(403, routes:request("GET /api/a", { headers = { ["X-Api-Key"] = "bob-key-123" } }).status)
    assert.is_nil(routes:request("GET /api/a", { headers = { ["X-Api-Key"] = "alice-key-1" } }).status)
  end)

  it("has a plugin that works", function()
    local folder = files.write("plugins/pin-auth.lua", block("lua", "pin-auth.lua")):match("^(.*)/")
    gate.plugins(folder)
    gate.consumers { { name = "alice" } }
    local pin = gate.plugin("pin-auth", { pins = { alice = "1234" } })
    local function status(value) return gate.request(pin, { headers = { ["X-Pin"] = value } }).status end
    assert.is_nil(status("alice:1234"))
    assert.equal(401, status("alice:123"))
    assert.equal(401, status("bob:1234"))
    assert.equal(401, status(nil))
  end)

  it("names every setting that the plugins share", function()
    for _, name in ipairs { "otherwise", "anonymous", "hide", "tell", "consumer_header", "groups_header",
      "anonymous_header" } do
      assert.truthy(page:find("`" .. name, 1, true), name)
    end
  end)
end)
