-- SPDX-License-Identifier: Apache-2.0
-- Clients that leave at any moment while handlers wait: nothing of one request is seen by another, nothing stays behind.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local SEED = tonumber(os.getenv("LN_SEED")) or 1
local ACTORS, ROUNDS = 16, 25

local ROUTES = [[
local db, url = redis("%s", { timeout = "5s" }), "%s"
local function ask() return assert(http.get(url .. "/slow")).status end
get "/http" { function() return ask(), "asked" end }
get "/redis" { function() return 200, tostring(assert(db:incr("n"))) end }
get "/sleep" { function() sleep(0.02) return 200, "slept" end }
get "/parallel" { function()
  local function inner() return (parallel(function() sleep(0.005) return 4 end, function() return db:incr("n") end)) end
  return 200, table.concat({ parallel(function() sleep(0.01) return 1 end, ask, inner) }, " ")
end }
get "/raise" { function()
  local ok = pcall(parallel, function() sleep(0.01) error("meant") end, ask, function() sleep(1) end)
  return ok and 500 or 200, "raised"
end }
post "/body" { function(req)
  local body = req:read_body("1m")
  return 200, assert(http.post(url .. "/slow", { body = body })).body
end }
any "/proxy/*" { to = service "main", use "waits" {} }
]]

local WAITS = [[
local p = plugin "waits" { version = "1.0.0", api = 1, schema = {} }
local kept
local function check(req) assert(req.ctx.me == req.id, "this is another request") end
function p:init()
  timer.every(0.01, function()
    if not kept then return end
    rawset(kept, 1, 0) -- of no request
    assert(not pcall(function() return kept.n end), "a request was seen where there is none")
    kept = nil
    sleep(0.003)
  end)
end
function p:request(req)
  req.ctx.me, kept = req.id, req.args
  sleep(0.002)
  check(req)
end
function p:response(req) sleep(0.003) check(req) end
function p:body(req, res, chunk)
  sleep(0.002)
  check(req)
  chunk:set(chunk:text():upper())
end
function p:log(req)
  sleep(0.01)
  check(req)
  parallel(function() sleep(0.002) check(req) end, function() check(req) end)
  if kept then
    rawset(kept, 1, rawget(req, 1)) -- whatever it says, it speaks of the request that runs
    assert(kept.n == req.args.n)
  end
end
return p
]]

local PATHS = { "/http", "/redis", "/sleep", "/parallel", "/raise", "/body", "/proxy/1", "/proxy/2" }


local function descriptors(pid)
  local list = io.popen("ls /proc/" .. pid .. "/fd")
  local count = select(2, list:read("*a"):gsub("\n", ""))
  list:close()
  return count
end


describe("clients that leave while handlers wait", function()
  teardown(gate.cleanup)

  it("disturb nobody", function()
    math.randomseed(SEED)
    local redis = gate.redis()
    local side = gate.upstream { handler = function(request)
      gate.pause(math.random() * 0.03)
      return 200, request.path == "/slow" and "slow" or ("a"):rep(math.random(100000))
    end }
    local g = gate.start {
      services = { { name = "main", instances = { side } } }, plugins = { waits = WAITS },
      routes = ROUTES:format(redis.url or "redis://" .. redis.address, side.url),
    }

    local function visit()
      local path = PATHS[math.random(#PATHS)]
      local method = path == "/body" and "POST" or "GET"
      local body = method == "POST" and ("b"):rep(math.random(30000)) or nil
      local bytes = gate.http.request(method, path .. "?n=" .. math.random(1e9), { body = body })
      local c, leaves = gate.connect(g.address), math.random(4)
      if leaves == 1 then bytes = bytes:sub(1, math.random(#bytes)) end
      pcall(c.send, c, bytes)
      if leaves <= 2 then
        gate.pause(math.random() * 0.03)
        return math.random(2) == 1 and c:reset() or c:close()
      end
      local response = c:read(method)
      c:close()
      assert(response.status == 200, ("%s: %d %s"):format(path, response.status, response.body))
    end

    local function many()
      local tasks = {}
      for i = 1, ACTORS do
        tasks[i] = gate.go("visitor", function()
          for _ = 1, ROUNDS do visit() end
        end)
      end
      for _, task in ipairs(tasks) do task:join(60) end
    end

    many()
    local worker = g:workers()[1]
    local before = descriptors(worker)
    many()
    gate.eventually(function() return descriptors(worker) <= before + 16 end, "descriptors to be closed")
    assert.equal(worker, g:workers()[1])
    assert.equal("slept", g:get("/sleep").body)
  end)
end)
