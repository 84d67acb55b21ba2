-- SPDX-License-Identifier: Apache-2.0
-- A mistake in using the API is reported at the line of the plugin that made it, not inside of ours.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("the place of a mistake", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function said()
    local texts = {}
    for _, entry in ipairs(gate.logged()) do texts[#texts + 1] = entry.text end
    return table.concat(texts, "\n")
  end

  local in_request = {
    "local x = req.hedaers",
    "req.user = 1",
    "req.method = 5",
    "req.method = 'GE T'",
    "req.scheme = 'https'",
    "req.upstream = 'nobody'",
    "local x = req.client.name",
    "req.client.ip = '10.0.0.1'",
    "req.client.id = 5",
    "req.headers['a b'] = 'x'",
    "req.headers['X-A'] = {}",
    "req.headers[5] = 'x'",
    "local x = req.headers[5]",
    "req.headers:add('X-A', 'a\\nb')",
    "req.headers:apply({})",
    "req.args[5] = 'x'",
    "req.args.x = {}",
    "local x = req.args[5]",
    "req.cookies.x = 'y'",
    "local x = res.stauts",
    "res.status = 204",
    "res.body = 'x'",
    "local x = json.encode(print)",
    "local x = json.encod",
    "local x = crypto.hex(5)",
    "log.info(5)",
    "log.warning('x')",
    "sleep('long')",
    "sleep(-1)",
    "store.limiter('z', '1/s', 1)",
    "local x = store.dictt",
    "store.dict('z')",
    "store.counters('z')",
    "metrics.counter('z_total', 'z')",
    "local x = metrics.meter",
    "local x = undefined_name",
    "undefined_name = 1",
    "local x = nil + 1",
    "local x = ('%d'):format('x')",
  }
  for _, line in ipairs(in_request) do
    it("is known for " .. line, function()
      assert.equal(500, probe.run(line .. "\nreturn 200").status)
      assert.truthy(said():find("probe.lua:3: ", 1, true), said())
    end)
  end

  for _, line in ipairs { "res.status = 99", "res.status = 'x'", "res.bytes = 1", "res.headers['X-A'] = 'a\\nb'" } do
    it("is known in a response handler for " .. line, function()
      assert.equal(500, gate.response(probe.handler("response", line .. "\nlocal x = 1"), {}, { status = 200 }).status)
      assert.truthy(said():find("probe.lua:3: ", 1, true), said())
    end)
  end

  for _, line in ipairs {
    "sleep(1)", "store.limiter('z', 'fast', 1)", "store.limiter('z', '1/s', 0)", "store.limiter('', '1/s', 1)",
  } do
    it("is known in init for " .. line, function()
      local ok, why = pcall(probe.handler, "request", "", { init = line .. "\nlocal x = 1" })
      assert.is_false(ok)
      assert.truthy(tostring(why):find("probe.lua:6: ", 1, true), why)
    end)
  end

  it("is that of a module that the plugin requires", function()
    probe.module("words", "local M = {}\n\nfunction M.hi(req)\n  return req.hedaers\nend\nreturn M\n")
    gate.request(probe.plugin("probe", 'local words = require "words"\n'
      .. 'local p = plugin "probe" { version = "1", api = 1 }\n'
      .. "function p:request(req) return 200, words.hi(req) end\nreturn p\n"))
    assert.truthy(said():find("words.lua:4: ", 1, true), said())
  end)
end)
