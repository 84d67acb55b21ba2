-- SPDX-License-Identifier: Apache-2.0
-- store and metrics in a running gateway: one for all workers and generations, whoever dies.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local PLUGIN = [[
  local p = plugin "keep" { version = "1.0.0", api = 1, schema = {} }
  function p:init()
    self.counters = store.counters("e2e")
    self.dict     = store.dict("e2e", { size = "256k" })
    self.seen     = metrics.counter("seen_total", "requests seen", { "path" })
    self.size     = metrics.histogram("key_bytes", "length of keys", {}, { 2, 8 })
    self.last     = metrics.gauge("last", "the last number")
  end
  function p:request(req)
    local key = req.args.key or "k"
    self.seen:inc(req.path)
    self.size:observe(#key)
    if req.path == "/incr" then return 200, tostring(self.counters:incr(key)) end
    if req.path == "/count" then return 200, tostring(self.counters:get(key)) end
    if req.path == "/set" then return 200, tostring(self.dict:set(key, req.args.value, tonumber(req.args.ttl))) end
    if req.path == "/add" then return 200, tostring(self.dict:add(key, req.args.value)) end
    if req.path == "/odd" then self.seen:inc('a"b\\c\nd\0e\255f') end
    if req.path == "/raise" then error("as asked") end
    if req.path == "/last" then self.last:set(tonumber(req.args.value)) return 204 end
    return 200, tostring(self.dict:get(key))
  end
  return p
]]

local ROUTES = 'get "/*" { use "keep" {}, reply = { 204 } }'


describe("store and metrics", function()
  after_each(gate.cleanup)

  local function start(workers)
    return gate.start { workers = workers or 2, plugins = { keep = PLUGIN }, routes = ROUTES }
  end

  local function served(g)
    local all = {}
    for slot, n in g:cli("status", "--control", g.control, "--json").out:gmatch('"slot":(%d+).-"served":(%d+)') do
      all[tonumber(slot) + 1] = tonumber(n)
    end
    return all
  end

  local function metric(g, sample)
    local out = g:cli("metrics", "--control", g.control)
    assert.equal(0, out.code, out.err)
    local _, last = ("\n" .. out.out):find("\n" .. sample .. " ", 1, true)
    return last and tonumber(out.out:match("^[^\n]*", last))
  end

  -- Asks until every worker has answered, each time on a connection of its own.
  local function ask_all(g, target, least)
    local n = 0
    repeat
      assert.equal(200, g:get(target).status)
      n = n + 1
      local all = served(g)
    until n >= (least or 1) and math.min(unpack(all)) > 0 and #all > 1 or n > 400
    return n
  end

  it("are one for all workers", function()
    local g = start()
    assert.equal("true", g:get("/set?key=a&value=x").body)
    local n = ask_all(g, "/incr?key=n", 20)
    assert.equal(tostring(n), g:get("/count?key=n").body)
    for _ = 1, 20 do assert.equal("x", g:get("/get?key=a").body) end
    for _ = 1, 20 do assert.equal("false", g:get("/add?key=a&value=y").body) end
    assert.equal(n, metric(g, 'seen_total{path="/incr"}'))
    assert.is_true(math.min(unpack(served(g))) > 0)
  end)

  it("survive a reload", function()
    local g = start()
    for i = 1, 5 do assert.equal(tostring(i), g:get("/incr").body) end
    g:get("/set?value=before")
    g:get("/last?value=7.5")
    assert.equal(0, g:reload().code)
    assert.equal("6", g:get("/incr").body)
    assert.equal("before", g:get("/get").body)
    assert.equal(6, metric(g, 'seen_total{path="/incr"}'))
    assert.equal(7.5, metric(g, "last"))
    assert.equal(1, metric(g, "lunette_reloads_total"))
  end)

  it("lose nothing that was acknowledged when workers are killed in a loop under load", function()
    local g = start()
    g:expect("worker")
    local counted, stop = 0, false
    g:get("/set?key=kept&value=here")
    local clients = {}
    for i = 1, 3 do
      clients[i] = gate.go("client", function()
        while not stop do
          local ok, r = pcall(g.get, g, "/incr")
          if ok and r and r.status == 200 then counted = counted + 1 end
          pcall(g.get, g, "/set?key=" .. counted % 50 .. "&value=" .. ("v"):rep(counted % 700))
        end
      end)
    end
    local killed = 0
    while killed < 12 do
      local before = counted
      gate.eventually(function() return counted > before + 20 end, killed .. " answers", 30)
      local dead = g:kill_worker(killed % 2 + 1)
      killed = killed + 1
      g:wait_workers(2, { dead }, 30)
    end
    stop = true
    for _, client in ipairs(clients) do client:join() end
    local now = tonumber(g:get("/count").body)
    assert.is_true(now >= counted and now <= counted + 3 * killed + 3, now .. " of " .. counted)
    assert.equal("here", g:get("/get?key=kept").body)
    assert.is_true(metric(g, 'seen_total{path="/incr"}') >= counted)
    assert.equal(0, metric(g, 'lunette_store_refused_total{kind="dict",zone="keep/e2e"}'))
  end)

  it("are printed with the gateway's own numbers, each with what it means", function()
    local g = start(1)
    g:expect("as asked")
    for _ = 1, 3 do g:get("/get?key=four") end
    assert.equal(500, g:get("/raise?key=four").status)
    local text = g:cli("metrics", "--control", g.control).out
    for _, line in ipairs {
      "# TYPE lunette_answers_total counter", 'lunette_answers_total{class="2xx"} 3', "lunette_served_total 4",
      "lunette_handlers_failed_total 1",
      "# TYPE lunette_connections gauge", 'lunette_workers{state="serving"} 1', "lunette_generation 1",
      "# HELP seen_total requests seen", 'seen_total{path="/get"} 3', 'key_bytes_bucket{le="2"} 0',
      'key_bytes_bucket{le="8"} 4', 'key_bytes_bucket{le="+Inf"} 4', "key_bytes_sum 16", "key_bytes_count 4", "last 0",
      'lunette_store_evicted_total{kind="dict",zone="keep/e2e"} 0',
    } do
      assert.truthy(("\n" .. text):find("\n" .. line .. "\n", 1, true), line .. " is not in\n" .. text)
    end
    local described, kind = {}, {}
    for line in text:gmatch("[^\n]+") do
      local name = line:match("^# HELP ([%w_:]+) %S") or line:match("^# TYPE ([%w_:]+) %a+$")
      if name then
        local which = line:sub(3, 6) == "HELP" and described or kind
        assert.is_nil(which[name], name)
        which[name] = true
      else
        name = assert(line:gsub("%b{}", "", 1):match("^([%a_:][%w_:]*) [%d.+einfEINF-]+$"), line)
        name = described[name] and name or name:gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "")
        assert.is_true(described[name] and kind[name], name)
      end
    end
  end)

  it("are printed whole, whatever bytes a label has", function()
    local g = start(1)
    g:get("/odd")
    assert.equal(1, metric(g, 'seen_total{path="a\\"b\\\\c\\nd\0e\239\191\189f"}'))
    assert.equal(0, metric(g, "last"))
  end)

  it("forget the metrics of plugins that are gone, and know them again", function()
    local g = start(1)
    g:get("/get")
    g.dir:write("routes.lua", 'get "/*" { reply = { 204 } }')
    assert.equal(0, g:reload().code)
    assert.is_nil(metric(g, 'seen_total{path="/get"}'))
    g.dir:write("routes.lua", ROUTES)
    assert.equal(0, g:reload().code)
    assert.equal(1, metric(g, 'seen_total{path="/get"}'))
  end)
end)
