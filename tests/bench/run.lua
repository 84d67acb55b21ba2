-- SPDX-License-Identifier: Apache-2.0
-- The benchmark: CPU time per request of each peer, taking turns, everything on one processor.
-- Called by tests/bench/run, which compiles the programs, pins the processor and cleans up.
package.path = "tests/bench/?.lua;" .. package.path
local peers = require "peers"


local BINARY, DIR, PORT = arg[1], arg[2], tonumber(arg[3])
local ROUNDS, SECONDS = tonumber(os.getenv("ROUNDS") or 3), tonumber(os.getenv("SECONDS") or 2)
local LOAD = "chrt -b 0 wrk -t1 -c64 -d%ds --timeout 5s -s tests/bench/load.lua -H 'User-Agent: bench/1.0' "
  .. "-H 'Accept: */*' -H 'Accept-Encoding: gzip' -H 'X-Debug: 1' -H 'X-Internal: secret' http://127.0.0.1:%d/small"
local TICKS = 100 -- of /proc/PID/stat a second: USER_HZ, the same on every Linux that we know


local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end


local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end


-- Starts a command in the background; its process id, also noted for the clean-up.
local function start(command, log)
  os.execute(("%s >%s 2>&1 </dev/null & echo $! | tee -a %s/pids >%s/pid"):format(command, log, DIR, DIR))
  return tonumber(read(DIR .. "/pid"))
end


-- The process and everything below it.
local function family(pid)
  local list = { pid }
  for child in (read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):gmatch("%d+") do
    for _, p in ipairs(family(tonumber(child))) do
      list[#list + 1] = p
    end
  end
  return list
end


-- User and system seconds of a family so far.
local function cpu(pid)
  local user, system = 0, 0
  for _, p in ipairs(family(pid)) do
    local fields, i = {}, 0
    for field in ((read(("/proc/%d/stat"):format(p)) or ""):match("%) (.*)") or ""):gmatch("%S+") do
      i = i + 1
      fields[i] = field
    end
    user, system = user + (fields[12] or 0) / TICKS, system + (fields[13] or 0) / TICKS
  end
  return user, system
end


local function load(port, seconds)
  local text = output(LOAD:format(seconds, port))
  local requests, bytes, errors = text:match("SUM (%d+) (%d+) (%d+)")
  if not requests then
    return nil, text
  end
  return tonumber(requests), tonumber(bytes), tonumber(errors)
end


-- nil when the peer answers as it should, else what is wrong.
local function find_fault(peer)
  for _ = 1, 100 do
    local answer = output(("curl -s -i -m 2 -H 'X-Api-Key: me' http://127.0.0.1:%d/small"):format(peer.port))
    if peer.refuses and answer:find("^HTTP/1.1 429") then
      return nil
    elseif not peer.refuses and answer:find("^HTTP/1.1 200") then
      local body = answer:match("\r\n\r\n(.*)$") or ""
      if #body ~= 128 then
        return ("%d bytes instead of 128"):format(#body)
      elseif peer.plugins and not answer:lower():find("\nx-gateway: bench", 1, true) then
        return "the response header of the plugins is missing"
      end
      return nil
    end
    if not read(("/proc/%d/cmdline"):format(peer.pid)) then
      break
    end
    os.execute("sleep 0.05")
  end
  return "no answer: " .. (read(peer.log) or ""):sub(-500)
end


local function measure(peer)
  local user, system = cpu(peer.pid)
  local requests, bytes, errors = load(peer.port, SECONDS)
  if not requests then
    error(peer.name .. ": wrk says " .. bytes)
  end
  local user_after, system_after = cpu(peer.pid)
  return {
    user = (user_after - user) / requests * 1e6,
    system = (system_after - system) / requests * 1e6,
    requests = requests,
    errors = peer.refuses and requests - errors or errors,
  }
end


local function median(list)
  local sorted = { unpack(list) }
  table.sort(sorted)
  local n = #sorted
  return n % 2 == 1 and sorted[(n + 1) / 2] or (sorted[n / 2] + sorted[n / 2 + 1]) / 2
end


-- System calls per request, counted by strace while the peer is saturated.
local function system_calls(peer)
  local pids = table.concat(family(peer.pid), " -p ")
  local file = DIR .. "/strace"
  os.execute(("strace -f -c -o %s -p %s 2>/dev/null & echo $! | tee -a %s/pids >%s/pid"):format(file, pids, DIR, DIR))
  local tracer = tonumber(read(DIR .. "/pid"))
  os.execute("sleep 0.3")
  local requests = load(peer.port, 1)
  os.execute("kill -INT " .. tracer .. "; while kill -0 " .. tracer .. " 2>/dev/null; do sleep 0.05; done")
  local total, list = nil, {}
  for line in (read(file) or ""):gmatch("[^\n]+") do
    local calls, rest = line:match("^%s*[%d.]+%s+[%d.]+%s+%d*%s+(%d+)%s+(.*)$")
    local name = rest and rest:match("(%a[%w_]*)%s*$")
    if name == "total" then
      total = calls / requests
    elseif name and calls / requests >= 0.005 then
      list[#list + 1] = ("%s %.2f"):format(name, calls / requests)
    end
  end
  return total, table.concat(list, ", ")
end


local function launch()
  local running = {}
  local backend = ("chrt -b 0 %s/backend %d %d"):format(DIR, PORT, PORT + 1)
  start(backend, DIR .. "/backend.log")
  for i, peer in ipairs(peers.list) do
    local dir = ("%s/%d"):format(DIR, i)
    os.execute("mkdir -p " .. dir)
    peer.port, peer.log = PORT + 1 + i, dir .. "/log"
    if os.execute("command -v " .. peer.program .. " >/dev/null") == 0 then
      local at = { port = peer.port, one = PORT, two = PORT + 1, dir = dir, programs = DIR, binary = BINARY }
      if peer.helper then start(peer.helper(at), dir .. "/helper.log") end
      peer.pid = start(peer.start(at), peer.log)
      local fault = find_fault(peer)
      if fault then
        io.stderr:write(("%s is left out: %s\n"):format(peer.name, fault))
      else
        running[#running + 1] = peer
      end
    end
  end
  return running
end


-- The median over the rounds of peer's figure divided by the other's in the same round.
local function ratio(peer, other)
  local list = {}
  for round, r in ipairs(peer.rounds) do
    local o = other and other.rounds[round]
    list[round] = o and (r.user + r.system) / (o.user + o.system) or 0 / 0
  end
  return median(list)
end


local function report(running)
  local by_name = {}
  for _, peer in ipairs(running) do
    by_name[peer.name] = peer
  end
  print(("%-24s %16s %8s %8s %9s %9s %7s"):format("GET of 128 B, 64 conns", "CPU us/request", "user", "system",
    "/ nginx", "/ relay", "errors"))
  for _, peer in ipairs(running) do
    local total, user, system, errors = {}, {}, {}, 0
    for i, r in ipairs(peer.rounds) do
      total[i], user[i], system[i], errors = r.user + r.system, r.user, r.system, errors + r.errors
    end
    print(("%-24s %16.2f %8.2f %8.2f %9.2f %9.2f %7d"):format(peer.name, median(total), median(user), median(system),
      ratio(peer, by_name.nginx), ratio(peer, by_name.relay), errors))
  end
end


local running = launch()
for _, peer in ipairs(running) do
  peer.rounds = {}
  load(peer.port, 1)
end
for round = 1, ROUNDS do
  for _, peer in ipairs(running) do
    peer.rounds[round] = measure(peer)
  end
end
report(running)
if os.execute("command -v strace >/dev/null") == 0 then
  print("\nsystem calls per request (counted in a run of their own)")
  for _, peer in ipairs(running) do
    local total, list = system_calls(peer)
    if total then
      print(("%-24s %16.2f   %s"):format(peer.name, total, list))
    end
  end
end
