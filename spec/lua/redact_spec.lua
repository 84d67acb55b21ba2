-- SPDX-License-Identifier: Apache-2.0
-- A whole body filter, as its author would test it: the same output however the content is cut.

local gate = require "lunette.spec"

local NDJSON = { ["Content-Type"] = "application/x-ndjson", ["Content-Length"] = "100" }

local DOCUMENT = table.concat {
  '{"id": 1, "card": "4111 1111", "to": "x"}\n',
  '{"id": 2, "card" : "", "card":"42"}\n',
  "\n",
  '{"id": 3, "note": "card", "cards": "no"}\n',
  '{"id": 4, "card": "5500"}', -- no line end
}

local EXPECTED = table.concat {
  '{"id": 1, "card": "***", "to": "x"}\n',
  '{"id": 2, "card" : "***", "card":"***"}\n',
  "\n",
  '{"id": 3, "note": "card", "cards": "no"}\n',
  '{"id": 4, "card": "***"}',
}


local function cut(text, size)
  local chunks = {}
  for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
  return chunks
end


describe("redact", function()
  local redact

  before_each(function()
    gate.reset()
    gate.plugins("spec/fixtures/plugins")
    redact = gate.plugin("redact", { field = "card" })
  end)
  after_each(gate.reset)

  for size = 1, #DOCUMENT do
    it(("gives the same in chunks of %d bytes"):format(size), function()
      local out = gate.response(redact, {}, { status = 200, headers = NDJSON, chunks = cut(DOCUMENT, size) })
      assert.equal(EXPECTED, out.body)
      assert.is_false(out.cut)
    end)
  end

  it("sends whole lines on at once", function()
    local out = gate.response(redact, {}, { headers = NDJSON, chunks = { '{"card":"1"}\n{"ca', 'rd":"2"}\n', "" } })
    assert.same({ '{"card":"***"}\n', '{"card":"***"}\n' }, out.chunks)
  end)

  it("leaves other content alone", function()
    local out = gate.response(redact, {}, { headers = { ["Content-Type"] = "text/plain", ["Content-Length"] = "13" },
      chunks = { '{"card":', '"12"}' } })
    assert.equal('{"card":"12"}', out.body)
    assert.same({ '{"card":', '"12"}' }, out.chunks)
    assert.equal("13", out.headers["Content-Length"])
  end)
end)
