-- SPDX-License-Identifier: Apache-2.0
-- Several real redis-servers that belong together: a cluster, or a master with a replica and sentinels that watch it.

local loop = require "spec.support.loop"
local redis = require "spec.support.redis"


-- The rounds in which servers find and judge each other are theirs, of one, two and ten seconds: one that is missed takes
-- longer than what others wait for.
local ROUNDS = 30

local M = {}

local Group = {}
Group.__index = Group


function Group:stop()
  for _, server in ipairs(self.all) do server:stop() end
  for _, holder in ipairs(self.holders) do holder:close() end
end


local function start(self, options)
  local server = redis.start(options)
  self.all[#self.all + 1] = server
  return server
end


local function join(servers)
  local list = {}
  for i, server in ipairs(servers) do list[i] = server.address end
  return table.concat(list, ",")
end


-- ---- a cluster ----

local SLOTS = 16384
-- Milliseconds until a node counts as dead: soon where a replica is to take over; elsewhere one that was not let run for a
-- second is not to take the cluster down.
local NODE_TIMEOUT, PATIENT_TIMEOUT = 1000, 5000


local function start_node(self, password, node_timeout)
  local port, holder = redis.hold_port()
  table.insert(self.holders, holder)
  return start(self, { password = password, settings = {
    "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", port,
    "--cluster-node-timeout", tostring(node_timeout), "--cluster-require-full-coverage", "no",
    "--repl-diskless-sync-delay", "0",
    "--masterauth", password or "",
  } })
end


local function cluster_port(server)
  for i, word in ipairs(server.settings) do
    if word == "--cluster-port" then return server.settings[i + 1] end
  end
end


local function agrees(server, count)
  local info = server:command("CLUSTER", "INFO")
  return info:find("cluster_state:ok", 1, true) and info:find("cluster_known_nodes:" .. count .. "\r", 1, true)
    and info:find("cluster_slots_ok:" .. SLOTS .. "\r", 1, true)
end


-- `options`: masters (3), replicas (0, of the first master), password. The slots are divided equally, in order.
function M.cluster(options)
  options = options or {}
  local masters, replicas = options.masters or 3, options.replicas or 0
  local self = setmetatable({ all = {}, holders = {}, masters = {}, replicas = {} }, Group)
  local node_timeout = replicas > 0 and NODE_TIMEOUT or PATIENT_TIMEOUT
  for i = 1, masters do self.masters[i] = start_node(self, options.password, node_timeout) end
  for i = 1, replicas do self.replicas[i] = start_node(self, options.password, node_timeout) end
  -- Who has the greater epoch is right about a slot: nodes that begin with the same one would still be settling that.
  for i, server in ipairs(self.all) do server:command("CLUSTER", "SET-CONFIG-EPOCH", i) end
  for i, master in ipairs(self.masters) do
    local from, to = math.floor((i - 1) * SLOTS / masters), math.floor(i * SLOTS / masters) - 1
    master:command("CLUSTER", "ADDSLOTSRANGE", from, to)
  end
  for i = 2, #self.all do
    self.all[1]:command("CLUSTER", "MEET", "127.0.0.1", self.all[i].port, cluster_port(self.all[i]))
  end
  loop.eventually(function()
    for _, server in ipairs(self.all) do
      if not agrees(server, #self.all) then return false end
    end
    return true
  end, "the nodes to agree", ROUNDS)
  for _, replica in ipairs(self.replicas) do
    replica:command("CLUSTER", "REPLICATE", self.masters[1]:command("CLUSTER", "MYID"))
    loop.eventually(function()
      return replica:command("INFO", "replication"):find("master_link_status:up", 1, true)
    end, "the replica to be ready", ROUNDS)
  end
  local secret = options.password and (":%s@"):format(options.password) or ""
  self.url = ("redis-cluster://%s%s"):format(secret, join(self.masters))
  return self
end


-- Gives a slot from one master to another, keys and all, in the steps that Redis asks for. `between(slot)`, when given,
-- runs while the slot is on its way.
function Group:move_slot(slot, from, to, between)
  local from_id, to_id = from:command("CLUSTER", "MYID"), to:command("CLUSTER", "MYID")
  to:command("CLUSTER", "SETSLOT", slot, "IMPORTING", from_id)
  from:command("CLUSTER", "SETSLOT", slot, "MIGRATING", to_id)
  for _, key in ipairs(from:command("CLUSTER", "GETKEYSINSLOT", slot, 1000)) do
    from:command("MIGRATE", "127.0.0.1", to.port, key, 0, 5000)
  end
  if between then between(slot) end
  to:command("CLUSTER", "SETSLOT", slot, "NODE", to_id)
  from:command("CLUSTER", "SETSLOT", slot, "NODE", to_id)
end


-- ---- sentinels ----

-- Does it know all the others, and the replica well enough to promote it?
local function is_informed(sentinel, count)
  local info = sentinel:command("INFO", "sentinel")
  if not info:find(("status=ok,[^\r]*slaves=1,sentinels=%d"):format(count)) then return false end
  local replica = sentinel:command("SENTINEL", "REPLICAS", "main")[1]
  for i = 1, #replica, 2 do
    if replica[i] == "master-link-status" then return replica[i + 1] == "ok" end
  end
end


-- A master named "main", a replica, and so many sentinels (3) that call it dead after half a second.
function M.sentinels(options)
  options = options or {}
  local self = setmetatable({ all = {}, holders = {}, sentinels = {} }, Group)
  local password = options.password
  local settings = { "--masterauth", password or "", "--repl-diskless-sync-delay", "0" }
  self.master = start(self, { password = password, settings = settings })
  self.replica = start(self, { password = password, settings = {
    "--replicaof", "127.0.0.1 " .. self.master.port, unpack(settings),
  } })
  loop.eventually(function()
    return self.replica:command("INFO", "replication"):find("master_link_status:up", 1, true)
  end, "the replica to be ready", ROUNDS)
  for i = 1, options.count or 3 do
    self.sentinels[i] = start(self, { sentinel = table.concat({
      ("sentinel monitor main 127.0.0.1 %s 2"):format(self.master.port),
      password and "sentinel auth-pass main " .. password or "",
      "sentinel down-after-milliseconds main 500",
      "sentinel failover-timeout main 2000", -- an election without a majority is held again after twice that
    }, "\n") })
    -- One that was not let run for two seconds would trust nobody for half a minute.
    self.sentinels[i]:command("SENTINEL", "DEBUG", "tilt-trigger", "60000")
  end
  loop.eventually(function()
    for _, sentinel in ipairs(self.sentinels) do
      if not is_informed(sentinel, #self.sentinels) then return false end
    end
    return true
  end, "the sentinels to know each other", ROUNDS)
  local secret = password and (":%s@"):format(password) or ""
  self.url = ("redis-sentinel://%s%s/main"):format(secret, join(self.sentinels))
  return self
end


return M
