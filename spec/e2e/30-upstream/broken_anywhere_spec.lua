-- SPDX-License-Identifier: Apache-2.0
-- A pooled connection that ends at any byte of the request or of the response, cleanly or by reset: nothing that is
-- safe to repeat fails, and nothing else is sent twice.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a pooled connection that ends", function()
  local up, g, plan, copies

  -- plan: { take = bytes of the request that are read, say = what is answered then, how = which end }.
  -- `copies` counts the requests that came, whole or not, and were not there to fill the pool.
  local function break_off(connection, it)
    gate.loop.wait_fd(connection.socket.fd, "r", "the request")
    copies = copies + 1
    connection.socket:read_exactly(it.take)
    if it.say ~= "" then connection:send(it.say) end
    if it.how == "half" then
      connection.socket:half_close()
      connection:wait_end()
    elseif it.how == "reset" then
      connection:reset()
    else
      connection:close()
    end
  end

  setup(function()
    up = gate.upstream { script = function(connection)
      while connection.socket.fd do
        local from = connection.socket.received
        local request = connection:read_request()
        if not request then return end
        request.size = connection.socket.received - from
        if request.target ~= "/warm" then copies = copies + 1 end
        connection:respond(200, "hello")
        local it = request.target == "/warm" and plan
        if it then
          plan = nil
          break_off(connection, it)
        end
      end
    end }
    g = gate.proxy(up, { service = { breaker = false, retries = { budget = "off", backoff = { base = 0 } } } })
  end)
  teardown(gate.cleanup)

  local RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Some: thing\r\n\r\nhello"
  local HEAD = #RESPONSE - 5
  local BODY = { GET = nil, PUT = "small content", POST = "small content" }

  local function bytes(method)
    return gate.http.request(method, "/probe", { body = BODY[method] })
  end

  -- How many bytes the request has when it reaches the instance.
  local function size_of(method)
    copies = 0
    assert.equal(200, gate.client(g):send(bytes(method)):read(method).status)
    return up:last().size
  end

  -- One request over a connection that has served before. The status, and whether all of the response came.
  local function probe(method, take, say, how)
    local c = gate.client(g)
    plan, copies = nil, 0
    assert.equal(200, g:get("/warm").status) -- so that the last to be idle is one that knows of no plan
    plan = { take = take, say = say, how = how }
    assert.equal(200, c:get("/warm").status)
    c:send(bytes(method))
    local head = c:read_head(method)
    local ok, body = pcall(c.read_body, c, head)
    assert.is_true(ok or gate.is_gone(body), tostring(body))
    c:close()
    assert.is_nil(plan)
    return head.status, head.complete
  end

  for _, how in ipairs { "close", "half", "reset" } do
    for _, method in ipairs { "GET", "PUT" } do
      it(("%s, %s: in the request, and in the response's head"):format(method, how), function()
        local size = size_of(method)
        for take = 0, size do
          assert.equal(200, (probe(method, take, "", how)), "after byte " .. take)
          assert.equal(2, copies, "after byte " .. take)
        end
        for say = 1, HEAD - 1 do
          assert.equal(200, (probe(method, size, RESPONSE:sub(1, say), how)), "after byte " .. say)
          assert.equal(2, copies, "after byte " .. say)
        end
      end)
    end

    it("POST, " .. how .. ": is never sent twice, and its failure is told", function()
      local size = size_of("POST")
      for take = 0, size do
        assert.equal(502, (probe("POST", take, "", how)), "after byte " .. take)
        assert.equal(1, copies, "after byte " .. take)
      end
      for say = 1, HEAD - 1 do
        assert.equal(502, (probe("POST", size, RESPONSE:sub(1, say), how)), "after byte " .. say)
        assert.equal(1, copies, "after byte " .. say)
      end
    end)

    for _, method in ipairs { "GET", "PUT", "POST" } do
      it(("%s, %s: in the response's body, which the client sees broken off"):format(method, how), function()
        local size = size_of(method)
        for say = HEAD, #RESPONSE do
          local status, complete = probe(method, size, RESPONSE:sub(1, say), how)
          -- A reset may overtake what was sent before it.
          assert.is_true(status == 200 or how == "reset", "after byte " .. say)
          if status == 200 and copies == 1 then
            assert.equal(say == #RESPONSE, complete == true, "after byte " .. say)
          end
          assert.is_true(copies == 1 or (how == "reset" and method ~= "POST"), "after byte " .. say)
        end
      end)
    end
  end
end)
