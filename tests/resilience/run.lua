-- SPDX-License-Identifier: Apache-2.0
-- Storms at full length: each peer, each catastrophe, the same instances and the same load. Called by tests/resilience/run.

package.path = "./?.lua;tests/resilience/?.lua;" .. package.path
local dir = require "spec.support.dir"
local loop = require "spec.support.loop"
local peers = require "peers"
local storm = require "spec.support.storm"


local BINARY = arg[1]
local ROUNDS = tonumber(os.getenv("ROUNDS") or 1)
local GOOD, BAD = 3, 12    -- seconds before it begins, and of the catastrophe
local PATIENCE = 40        -- seconds that we wait for an instance to be used again
local OTHERS = 30          -- an instance that gets nothing while others answer so many requests is not chosen any more
local LOAD = { clients = 12, pause = 0.02, posts = 5, patience = 10 }


local function be(mode)
  return function(bad) bad:be(mode) end, function(bad) bad:be("ok") end
end


local function row(name, title, begin, over, during)
  return { name = name, title = title, begin = begin, over = over, during = during }
end


local STORMS = {
  row("kill", "killed", storm.Instance.kill, storm.Instance.start),
  row("stop", "stopped (SIGSTOP)", storm.Instance.stop, storm.Instance.continue),
  row("500", "answers 500", be("500")),
  row("head", "resets in the middle of the head", be("reset-head")),
  row("body", "resets in the middle of the content", be("reset-body")),
  row("chunks", "resets in the middle of chunked content", be("reset-chunks")),
  row("silent", "accepts and says nothing", be("silent")),
  row("flap", "killed and restarted each second", storm.Instance.kill, storm.Instance.start, function(bad)
    for _ = 1, (BAD - 1) / 2 do
      loop.pause(0.5)
      bad:start()
      loop.pause(0.5)
      bad:kill()
    end
  end),
}


-- ---- one storm ------------------------------------------------------------------------------------------------------

-- Notes the times at which `count` has grown, until `w` is over.
local function watch(w, count)
  local last = count()
  return loop.go("watch", function()
    while not w.is_over do
      loop.pause(0.02)
      local n = count()
      for _ = last + 1, n do w.refused[#w.refused + 1] = loop.now() end
      last = n
    end
  end)
end


-- When its turns came: for a request that it read late, because it was stopped, the time is that of the client.
local function uses(w)
  local list = {}
  for _, a in ipairs(w.bad:arrivals()) do
    local record = a.id and w.load.records[a.id]
    if record then list[#list + 1] = w.is_late and record.start or a.at end
  end
  for _, at in ipairs(w.refused) do list[#list + 1] = at end
  table.sort(list)
  return list
end


-- How many requests others have answered between the two times.
local function answered(w, from, to)
  local n = 0
  for _, r in ipairs(w.load.records) do
    if r.start >= from and r.finish < to and r.status == 200 and r.instance ~= w.bad.name then n = n + 1 end
  end
  return n
end


-- When it was no longer chosen, seconds from the beginning, and how often it was asked after that.
local function marked(w)
  local list, stopped, after = { w.from }, nil, 0
  for _, at in ipairs(uses(w)) do
    if at >= w.from and at < w.to then list[#list + 1] = at end
  end
  list[#list + 1] = w.to
  for i = 2, #list do
    if stopped and i < #list then
      after = after + 1
    elseif not stopped and answered(w, list[i - 1], list[i]) > OTHERS then
      stopped = list[i - 1] - w.from
      after = i < #list and 1 or 0
    end
  end
  return stopped, after
end


local function count_errors(w)
  local gets, posts, slowest = 0, 0, 0
  for _, r in ipairs(w.load.records) do
    if r.status ~= 200 then
      if r.method == "POST" then posts = posts + 1 else gets = gets + 1 end
    end
    if r.finish > w.from then slowest = math.max(slowest, r.finish - r.start) end
  end
  return gets, posts, slowest
end


local function wait_used(w)
  local from, first = loop.now(), #w.load.records + 1
  local found
  pcall(loop.wait_until, function()
    for i = first, #w.load.records do
      local r = w.load.records[i]
      if r.instance == w.bad.name and r.status == 200 then found = r.finish - from end
      if found then return true end
    end
  end, "use", PATIENCE)
  return found
end


local function run(peer, weather)
  local d = dir.new()
  local w = { refused = {}, is_late = weather.name == "stop" }
  local instances, ports = {}, {}
  for i = 1, 3 do
    instances[i] = storm.instance(d.path, "i" .. i)
    ports[i] = instances[i].port
  end
  w.bad = instances[2]
  local at = { dir = d.path, ports = ports, bad = ports[2], binary = BINARY }
  local p = peers.start(peer, at)
  w.load = storm.load(at.address, LOAD)
  loop.pause(GOOD)
  local watcher = watch(w, peer.refused(at))
  w.from = loop.now()
  weather.begin(w.bad)
  if weather.during then weather.during(w.bad) else loop.pause(BAD) end
  w.to = loop.now()
  weather.over(w.bad)
  local again = wait_used(w)
  loop.pause(2)
  w.load:finish()
  w.is_over = true
  watcher:join()
  local gets, posts, slowest = count_errors(w)
  local stopped, after = marked(w)
  p:destroy()
  for _, i in ipairs(instances) do i:close() end
  d:remove()
  return {
    requests = #w.load.records, gets = gets, posts = posts, slowest = slowest,
    stopped = not weather.during and stopped, after = after, again = again, flaps = weather.during ~= nil,
  }
end


-- ---- the report -----------------------------------------------------------------------------------------------------

-- Those of the list whose names are given, with commas between; all without.
local function chosen(list, names)
  if not names then return list end
  local out = {}
  for _, item in ipairs(list) do
    if ("," .. names .. ","):find("," .. item.name .. ",", 1, true) then out[#out + 1] = item end
  end
  return out
end


local function median(rounds, f)
  local list = {}
  for i, r in ipairs(rounds) do list[i] = f(r) or math.huge end
  table.sort(list)
  return list[math.ceil(#list / 2)]
end


local function seconds(value)
  return value == math.huge and "never" or ("%.2f s"):format(value)
end


local COLUMNS = {
  { "Requests of clients that went wrong: idempotent + POST", function(rounds)
    local gets, posts = median(rounds, function(r) return r.gets end), median(rounds, function(r) return r.posts end)
    return ("%d + %d"):format(gets, posts)
  end },
  { "The longest that a client has waited", function(rounds)
    return ("%.1f s"):format(median(rounds, function(r) return r.slowest end))
  end },
  { "Until it was no longer chosen", function(rounds)
    if rounds[1].flaps then return "" end
    return seconds(median(rounds, function(r) return r.stopped end))
  end },
  { "Requests that it got after that, while it was bad", function(rounds)
    if rounds[1].flaps or not rounds[1].stopped then return "" end
    return ("%d"):format(median(rounds, function(r) return r.after end))
  end },
  { "From its recovery to the first answer of it", function(rounds)
    if not rounds[1].flaps and not rounds[1].stopped then return "" end
    return seconds(median(rounds, function(r) return r.again end))
  end },
}


local function print_tables(storms, who, results)
  for _, column in ipairs(COLUMNS) do
    local names, rule = {}, {}
    for i, peer in ipairs(who) do names[i], rule[i] = peer.name, "---:" end
    print(("\n| %s | %s |\n|---|%s|"):format(column[1], table.concat(names, " | "), table.concat(rule, "|")))
    for _, weather in ipairs(storms) do
      local cells = {}
      for i, peer in ipairs(who) do cells[i] = column[2](results[weather.name][peer.name]) end
      print(("| %s | %s |"):format(weather.title, table.concat(cells, " | ")))
    end
  end
end


local who, storms = chosen(peers.list, os.getenv("PEERS")), chosen(STORMS, os.getenv("STORMS"))
local results = {}
for round = 1, ROUNDS do
  for _, weather in ipairs(storms) do
    results[weather.name] = results[weather.name] or {}
    for _, peer in ipairs(who) do
      local r = run(peer, weather)
      local list = results[weather.name][peer.name] or {}
      results[weather.name][peer.name] = list
      list[round] = r
      io.stderr:write(("%d %-7s %-16s %5d requests, %3d + %3d wrong, longest %6.3f, stopped %s, after %3d, again %s\n")
        :format(round, weather.name, peer.name, r.requests, r.gets, r.posts, r.slowest, tostring(r.stopped), r.after,
          tostring(r.again)))
    end
  end
end
print_tables(storms, who, results)
