-- SPDX-License-Identifier: Apache-2.0
-- A pooled connection that closes just when it is used again.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a pooled connection that closes at reuse", function()
  after_each(gate.cleanup)

  -- An upstream whose connections serve one request and close, without a word, when the next has come.
  local function closing_at_reuse(resets)
    local up = gate.upstream(function(_, connection)
      if connection.served == 1 then return 200, "fresh" end
      if resets then connection:reset() else connection:close() end
    end)
    local g = gate.proxy(up)
    assert.equal("fresh", g:get("/").body)
    return up, g
  end

  for _, method in ipairs { "GET", "HEAD", "PUT", "DELETE", "OPTIONS" } do
    it(("%s is repeated on a fresh one"):format(method), function()
      local up, g = closing_at_reuse()
      assert.equal(200, g:request(method, "/").status)
      assert.equal(2, up.accepted)
      assert.equal(3, #up.requests)
    end)
  end

  it("GET is repeated when it was reset, too", function()
    local up, g = closing_at_reuse(true)
    assert.equal(200, g:get("/").status)
    assert.equal(2, up.accepted)
  end)

  it("PUT is repeated with its whole body", function()
    local up, g = closing_at_reuse()
    local body = gate.pattern(5000)
    assert.equal(200, g:request("PUT", "/", { body = body }).status)
    assert.equal(body, up:last().body)
  end)

  it("a POST that may have been seen is not repeated", function()
    local up, g = closing_at_reuse()
    local r = g:post("/", "once")
    local posts = 0
    for _, request in ipairs(up.requests) do
      if request.method == "POST" then posts = posts + 1 end
    end
    assert.equal(1, posts)
    -- Either it went on a fresh connection from the start, or its failure is told.
    assert.is_true(r.status == 502 or (r.status == 200 and up.accepted == 2))
    assert.equal(200, g:get("/").status)
  end)
end)
