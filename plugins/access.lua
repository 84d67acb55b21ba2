-- SPDX-License-Identifier: Apache-2.0
-- Refuses requests by what they say: method, path, address, client, headers, query, cookies and parameters of the route.
local VALUES = '`{ Name = "text" }`: exactly this text, `"*"` anything, `"~^v%d+$"` what a Lua pattern matches, '
  .. '`"!"` nothing at all. If there are several values of a name, `deny` asks for one that fits, `allow` for all.'

local rule = {
  method = t.list { t.string { min = 1 }, min = 1,
    help = "One of these methods." },
  path = t.list { t.string { min = 1 }, min = 1,
    help = 'One of these paths, `"/admin"`, or what is below, `"/admin/*"`.' },
  address = t.addresses {
    help = "The client's address is one of these." },
  client = t.list { t.string { min = 1 }, min = 1,
    help = 'The client is counted as one of these: a source and what it gives, `"consumer:alice"`, '
      .. '`"header:X-Tenant:t1"` '
      .. "(`req.client.key`). An address alone is a client that is counted by it, of IPv6 the network; `address` asks "
      .. "where anybody is." },
  header = t.map { t.header_name(), t.string { min = 1 },
    help = "Headers. " .. VALUES },
  query  = t.map { t.string(), t.string { min = 1 },
    help = "Arguments of the query, in the same form." },
  cookie = t.map { t.string(), t.string { min = 1 },
    help = "Cookies, in the same form." },
  params = t.map { t.string(), t.string { min = 1 },
    help = "Parameters of the route's path, in the same form." },
}

local access = plugin "access" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    deny = t.list { t.record { rule }, default = {},
      help = "A request is refused that fits one of these; it fits if everything in the table holds." },
    allow = t.list { t.record { rule }, min = 1,
      help = "If there are any, a request is also refused that fits none of these." },
    status = t.integer { default = 403, min = 400, max = 499,
      help = "Status of the answer." },
    message = t.string { default = "Not allowed", min = 1,
      help = "What the answer says." },
  },
  check = function(conf)
    if conf.allow or #conf.deny > 0 then return true end
    return nil, "deny: required, or allow"
  end,
}


-- ---- one word of a rule, as a function of what the request says there ----

local function judge_value(wanted, where)
  if wanted == "*" then return function(value) return value ~= nil end end
  if wanted == "!" then return function(value) return value == nil end end
  if wanted:sub(1, 1) ~= "~" then return function(value) return value == wanted end end
  local pattern = wanted:sub(2)
  if not pcall(string.find, "", pattern) then error(where .. ": expected a Lua pattern after the ~", 0) end
  return function(value) return value ~= nil and value:find(pattern) ~= nil end
end


local function judge_path(wanted)
  local below = wanted:match("^(.*/)%*$")
  local exact = below and below:sub(1, -2) or wanted
  return function(path) return path == exact or (below ~= nil and path:sub(1, #below) == below) end
end


-- ---- tests: functions of the request, each of which asks the next only when it holds ----

local function both(test, otherwise)
  return function(req) return test(req) and otherwise(req) end
end


local function any_of(judges, read)
  return function(req)
    local value = read(req)
    for i = 1, #judges do
      if judges[i](value) then return true end
    end
    return false
  end
end


-- An address stands for itself; whatever else looks like one has its source in front.
local function check_keys(list, where)
  for i, key in ipairs(list) do
    if not key:find("^[%d.]+$") and not key:find("^%l[%w-]*:.") and not key:find("^[%x:]+:[%x:.]*$") then
      local sentence = '%s.client[%d]: expected an address, or a source and its identity such as '
        .. '"consumer:alice", got %q'
      error(sentence:format(where, i, key), 0)
    end
  end
end


local function member(list, read)
  local set = {}
  for _, word in ipairs(list) do set[word] = true end
  return function(req) return set[read(req)] == true end
end

local read = {
  header = function(req, name) return req.headers:all(name) end,
  query  = function(req, name) return req.args:all(name) end,
  cookie = function(req, name) return req.cookies:all(name) end,
  params = function(req, name) return { req.params[name] } end,
}


-- Of several values of one name, which the service behind us takes is not known: one that is denied is enough to be denied, and
-- all must be allowed to be allowed.
local function judge_all(judge, get, name, needed)
  return function(req)
    local values = get(req, name)
    for i = 1, #values do
      if judge(values[i]) ~= needed then return not needed end
    end
    if #values == 0 then return judge(nil) end
    return needed
  end
end


local function add_values(tests, conf, kind, where, all_values)
  for name, wanted in pairs(conf[kind] or {}) do
    local judge = judge_value(wanted, ("%s.%s.%s"):format(where, kind, name))
    tests[#tests + 1] = judge_all(judge, read[kind], name, all_values)
  end
end


-- `all_values`: of several values of one name, all must fit; else one.
local function compile(conf, where, all_values)
  local tests = {}
  if conf.method then tests[#tests + 1] = member(conf.method, function(req) return req.method end) end
  if conf.client then
    check_keys(conf.client, where)
    tests[#tests + 1] = member(conf.client, function(req) return req.client.key end)
  end
  if conf.address then
    tests[#tests + 1] = function(req) return conf.address:contains(req.client.ip) end
  end
  if conf.path then
    local judges = {}
    for i, path in ipairs(conf.path) do judges[i] = judge_path(path) end
    tests[#tests + 1] = any_of(judges, function(req) return req.path end)
  end
  for _, kind in ipairs { "header", "query", "cookie", "params" } do
    add_values(tests, conf, kind, where, all_values)
  end
  if #tests == 0 then error(where .. ": expected at least one condition", 0) end
  local all = tests[#tests]
  for i = #tests - 1, 1, -1 do all = both(tests[i], all) end
  return all
end


local function compile_all(rules, where, all_values)
  local tests = {}
  for i, conf in ipairs(rules) do tests[i] = compile(conf, ("%s[%d]"):format(where, i), all_values) end
  return tests
end


function access:init()
  local ok, why = pcall(function()
    self.deny = compile_all(self.conf.deny, "deny", false)
    self.allow = self.conf.allow and compile_all(self.conf.allow, "allow", true)
  end)
  if not ok then return nil, why end
end


local function fits_any(tests, req)
  for i = 1, #tests do
    if tests[i](req) then return true end
  end
  return false
end


function access:request(req, res)
  if fits_any(self.deny, req) or (self.allow and not fits_any(self.allow, req)) then
    return req:refuse(self.conf.status, "access_denied", self.conf.message)
  end
end


return access
