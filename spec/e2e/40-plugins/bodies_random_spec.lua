-- SPDX-License-Identifier: Apache-2.0
-- Content cut, framed, delayed and read at random, through random chains of body handlers: what comes out is what a
-- model says.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUNDS = 120
local SEED = 20261122

local WORK = [[
local work = plugin "work" { version = "1.0.0", api = 1, schema = { how = t.string { required = true } } }
local how = {
  upper = function(chunk) chunk:set(chunk:text():upper()) end,
  swap = function(chunk) chunk:replace("lunette", "<moon>") end,
  shrink = function(chunk) chunk:replace("0000", "") end,
  wait = function(chunk) if chunk.size % 3 == 0 then sleep(0.001) end end,
  double = function(chunk) chunk:set(chunk:text() .. chunk:text()) end,
  pass = function() end,
}
function work:body(req, res, chunk) how[self.conf.how](chunk) end
return work
]]

-- The same on the whole content; `double` needs it whole.
local model = {
  upper = string.upper,
  swap = function(text) return (text:gsub("lunette", "<moon>")) end,
  shrink = function(text) return (text:gsub("0000", "")) end,
  wait = function(text) return text end,
  double = function(text) return text .. text end,
  pass = function(text) return text end,
}

local CHAINS = {
  { "upper" }, { "swap" }, { "shrink", "wait" }, { "wait", "swap", "wait" }, { "pass", "upper", "shrink", "swap" },
  { "double", buffer = true }, { "wait", "double", "swap", "wait", buffer = true }, { "wait", "pass", "wait" },
}


local function routes()
  local out = { 'local main = service "main"' }
  for i, chain in ipairs(CHAINS) do
    local uses = {}
    for k, how in ipairs(chain) do uses[k] = ('use "work" { how = "%s" }'):format(how) end
    local buffer = chain.buffer and 'buffer = "4m", ' or ""
    out[#out + 1] = ('get "/%d" { to = main, %s%s }'):format(i, buffer, table.concat(uses, ", "))
  end
  return table.concat(out, "\n")
end


-- What the chain makes of it: the last plugin is the first to see it.
local function expected(chain, text)
  for k = #chain, 1, -1 do text = model[chain[k]](text) end
  return text
end


describe("content at random through body handlers", function()
  local up, g, plan

  setup(function()
    up = gate.upstream(function(request, connection) return plan[request.target:match("^/(%d+)")](connection) end)
    g = gate.start { services = { { name = "main", instances = { up } } }, plugins = { work = WORK },
      routes = routes(), extra = { lua = { budget = "5s" } } } -- sanitizers look at every byte of each search
  end)
  teardown(gate.cleanup)

  -- Sends `text` in some framing and in pieces of some size.
  local function sender(text, random)
    local framing, size = random(3), ({ 1, 7, 100, 5000, 70000, 1000000 })[random(6)]
    size = math.max(size, math.ceil(#text / 300))
    return function(connection)
      connection:send("HTTP/1.1 200 OK\r\n" .. (framing == 1 and "Transfer-Encoding: chunked\r\n\r\n"
        or framing == 2 and ("Content-Length: %d\r\n\r\n"):format(#text) or "Connection: close\r\n\r\n"), 20)
      for at = 1, #text, size do
        local piece = text:sub(at, at + size - 1)
        connection:send(framing == 1 and gate.http.chunk(piece) or piece, 20)
      end
      if framing == 1 then connection:send("0\r\n\r\n", 20) end
      if framing == 3 then connection:close() end
    end
  end

  local function round(c, random)
    local i, size = random(#CHAINS), ({ 0, 1, 10, 3000, 40000, 300000 })[random(6)]
    local text = gate.pattern(size)
    plan = { [tostring(i)] = sender(text, random) }
    c:send(gate.http.request("GET", "/" .. i))
    if random(4) == 1 then gate.pause(0.005) end
    local r = c:read("GET", 20)
    assert.is_true(r.complete)
    local want = expected(CHAINS[i], text)
    assert.equal(#want, #r.body)
    assert.is_true(want == r.body)
  end

  for name, options in pairs { fast = {}, slow = { receive_buffer = 4096 } } do
    it("is what it should be for a reader that is " .. name, function()
      math.randomseed(SEED)
      local c = gate.client(g, options)
      for n = 1, ROUNDS do
        local ok, why = pcall(round, c, math.random)
        assert(ok, ("round %d: %s"):format(n, tostring(why)))
      end
    end)
  end

  it("is what it should be for many at once", function()
    plan = {}
    local texts, tasks = {}, {}
    for i in ipairs(CHAINS) do
      texts[i] = gate.pattern(20000 + i)
      plan[tostring(i)] = sender(texts[i], math.random)
    end
    for n = 1, 40 do
      local i = n % #CHAINS + 1
      tasks[n] = gate.go("reader", function()
        return expected(CHAINS[i], texts[i]) == g:get("/" .. i, { timeout = 20 }).body
      end)
    end
    for _, task in ipairs(tasks) do assert.is_true(task:join(30)) end
  end)
end)
