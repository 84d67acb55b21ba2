-- SPDX-License-Identifier: Apache-2.0
-- Random traffic with unruly instances: whatever happens, an answer belongs to its request.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- LN_SEED repeats a run, LN_ROUNDS makes it longer.
local seed = tonumber(os.getenv("LN_SEED")) or os.time() * 1000 + math.floor(gate.now() * 1000) % 1000
local rounds = tonumber(os.getenv("LN_ROUNDS")) or 40


-- Waits now and then, before the upstream and after it, and looks at contents without changing them.
local NAP = [[
local nap = plugin "nap" { version = "1.0.0", api = 1, schema = {} }
function nap:request(req)
  if req.path:find("[13579]$") then sleep(0.002) end
end
function nap:response(req, res)
  if req.path:find("[012345]$") then sleep(0.003) end
end
return nap
]]

local LOOK = [[
local look = plugin "look" { version = "1.0.0", api = 1, schema = {} }
function look:request(req)
  if req.path:find("[135]$") then req:read_body("1m") end
end
function look:body(req, res, chunk)
  if req.path:find("[24]$") then sleep(0.001) end
  chunk:set(chunk:text())
end
return look
]]


-- A generator of its own, so that the order in which actors run changes little.
local function generator(n)
  local state = n % 2147483647
  return function(most)
    state = (state * 48271 + 11) % 2147483647
    return state % most + 1
  end
end


-- How an instance answers: a body that names the request, in one of many manners.
local function answer(random)
  return function(request, connection)
    local text = ("<%s %s %s>"):format(request.method, request.target, request.body)
    local body = text:rep(random(40))
    local kind = random(12)
    if kind == 1 then return connection:reset() end
    if kind == 2 then return connection:close() end
    local head = "HTTP/1.1 200 OK\r\nX-For: " .. request.target .. "\r\n"
    if request.method == "HEAD" then
      return connection:send(head .. "Content-Length: " .. #body .. "\r\n\r\n")
    end
    if kind == 3 then
      connection:send(head .. "Connection: close\r\n\r\n" .. body)
      return connection:close()
    end
    if kind == 4 then
      connection:send(head .. "Content-Length: " .. #body .. "\r\n\r\n" .. body:sub(1, #body / 2))
      return connection:close()
    end
    if kind == 5 then return connection:send("HTTP/1.1 204 No Content\r\nX-For: " .. request.target .. "\r\n\r\n") end
    if kind == 6 then connection:send("HTTP/1.1 103 Early\r\n\r\n") end
    if kind <= 8 then
      local cut = random(#body)
      connection:send(head .. "Transfer-Encoding: chunked\r\n\r\n" .. gate.http.chunk(body:sub(1, cut)))
      if random(3) == 1 then gate.loop.breathe() end
      return connection:send(cut < #body and gate.http.chunked { body:sub(cut + 1) } or "0\r\n\r\n")
    end
    -- Only what comes in one piece with the answer can be known to be nobody's: later it could be the next answer.
    local poison = kind == 10 and #body < 1000 and "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison" or ""
    connection:send(head .. "Content-Length: " .. #body .. "\r\n\r\n" .. body .. poison)
    if kind == 9 then connection:close() end
  end
end


local METHODS = { "GET", "GET", "GET", "POST", "PUT", "HEAD", "DELETE" }


local function make_request(random, id)
  local method = METHODS[random(#METHODS)]
  local request = { method = method, target = "/" .. id, body = "" }
  local options = { headers = {} }
  if random(6) == 1 then options.headers[1] = "X-Pad: " .. ("p"):rep(random(3000)) end
  if method == "POST" or method == "PUT" then
    request.body = ("b" .. id .. "."):rep(random(random(4) == 1 and 2000 or 5))
    if random(2) == 1 then
      local cut = random(#request.body)
      options.chunks = { request.body:sub(1, cut), cut < #request.body and request.body:sub(cut + 1) or nil }
    else
      options.body = request.body
    end
  end
  request.bytes = gate.http.request(method, request.target, options)
  return request
end


local function judge(request, r)
  if r.status == 502 or r.status == 503 or r.status == 504 then return end
  assert(r.status == 200 or r.status == 204, "status " .. r.status)
  assert(r.headers["X-For"] == request.target,
    ("%s got the answer for %s"):format(request.target, tostring(r.headers["X-For"])))
  if request.method == "HEAD" or r.status == 204 then return end
  local text = ("<%s %s %s>"):format(request.method, request.target, request.body)
  if r.complete then
    assert(r.body == text:rep(#r.body / #text), "a body that is not its own: " .. r.body:sub(1, 200))
  else
    assert(text:rep(40):sub(1, #r.body) == r.body, "a part that is not its own: " .. r.body:sub(1, 200))
  end
end


-- One connection: some requests pipelined, cut anywhere, answers judged until the connection ends.
local function run_connection(g, random, name)
  local c, requests, bytes = gate.client(g), {}, {}
  for i = 1, random(6) do
    requests[i] = make_request(random, name .. "-" .. i)
    bytes[i] = requests[i].bytes
  end
  local all = table.concat(bytes)
  local cut = random(#all)
  local ok, err = pcall(function()
    c:send(all:sub(1, cut))
    if random(2) == 1 then gate.loop.breathe() end
    c:send(all:sub(cut + 1))
    if random(4) == 1 then c:half_close() end
    if random(10) == 1 then return c:reset() end
    for _, request in ipairs(requests) do
      local r = c:read(request.method, 20)
      if not r then break end
      judge(request, r)
      if not r.complete then break end
    end
  end)
  c:close()
  if not ok and not gate.is_gone(err) then error(("seed %d: %s"):format(seed, tostring(err)), 0) end
end


local function run_clients(g, random)
  local tasks = {}
  for i = 1, 12 do
    local mine = generator(seed + random(1000000) + i)
    tasks[i] = gate.go("client " .. i, function()
      for round = 1, rounds do run_connection(g, mine, ("c%d.%d"):format(i, round)) end
    end)
  end
  return tasks
end


describe("chaos", function()
  after_each(gate.cleanup)

  local function start(options)
    local random = generator(seed)
    local ups = {}
    for i = 1, 3 do ups[i] = gate.upstream(answer(generator(seed + i))) end
    options = options or {}
    options.workers, options.service = 2, { retries = { tries = 3 } }
    return gate.proxy(ups, options), random
  end

  it("mixes up no answers", function()
    local g, random = start()
    for _, task in ipairs(run_clients(g, random)) do task:join(100) end
  end)

  it("mixes up no answers while the configuration is reloaded", function()
    local g, random = start()
    local tasks = run_clients(g, random)
    for _ = 1, 5 do assert.equal(0, g:reload().code) end
    for _, task in ipairs(tasks) do task:join(100) end
    assert.is_true(#g:workers() == 2)
  end)

  local function behind(use)
    local g, random = start {
      routes = 'any "/*" { to = service "main", ' .. use .. " }", plugins = { nap = NAP, look = LOOK },
      extra = { generatedRoutes = false },
    }
    for _, task in ipairs(run_clients(g, random)) do task:join(100) end
  end

  it("mixes up no answers while handlers wait", function() behind 'use "nap" {}' end)
  it("mixes up no answers while handlers look at contents", function() behind 'use "look" {}' end)
  it("mixes up no answers while they do both", function() behind 'use "nap" {}, use "look" {}' end)
end)
