-- SPDX-License-Identifier: Apache-2.0
-- lunette check: every mistake at once, with file, line, column, expectation and the nearest word.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function check(options)
  local d = gate.files(options)
  local r = gate.run("check", "-c", d:join("gateway.yaml"))
  r.all = r.out .. r.err
  return r, d
end


local GOOD = [[
gateway:
  port: ":8080"
services:
  - name: main
    path: /
    instances: [ "http://127.0.0.1:1" ]
]]


describe("lunette check", function()
  after_each(gate.cleanup)

  it("is content with a good file, and opens nothing", function()
    local r = check { yaml = GOOD }
    assert.equal(0, r.code, r.all)
  end)

  for address, loops in pairs {
    ["http://127.0.0.1:8080"] = true, ["http://[::1]:8080/x"] = true, ["http://127.0.0.1:8081"] = false,
  } do
    it((loops and "warns of" or "says nothing of") .. " an instance at " .. address, function()
      local r, d = check { yaml = (GOOD:gsub("http://127.0.0.1:1", address)) }
      assert.equal(0, r.code, r.all)
      local said = r.all:find(d:join("gateway.yaml") .. ":6:", 1, true) and
        r.all:find('is the listener "main" of this gateway', 1, true)
      assert.equal(loops, said ~= nil, r.all)
    end)
  end

  -- Whether a request can come round: what the sample does cannot.
  for title, case in pairs {
    ["that each round takes something off"] = { "path: /a", false },
    ["that keeps its path"] = { "path: /a, stripPath: false", true },
    ["that gets its path back"] = { "path: /a", true, "/a" },
    ["that no route of that listener leads to"] = { "", false, "",
      'get "/x" { listener = "other", to = service "main" }' },
    ["that a route of that listener shares out"] = { "", true, "",
      'get "/x" { listener = "main", to = split { { service "main", 1 } } }' },
  } do
    it((case[2] and "warns of" or "says nothing of") .. " an instance of its own " .. title, function()
      local d = gate.files { yaml = ([[
gateway: { listeners: [ { name: main, listen: ":8080" }, { name: other, listen: ":8081" } ] }
services: [ { name: main, instances: [ "http://127.0.0.1:8080%s" ], %s } ]
]]):format(case[3] or "", case[1]), routes = case[4] }
      local r = gate.run("check", "-c", d:join("gateway.yaml"))
      local all = r.out .. r.err
      assert.equal(0, r.code, all)
      assert.equal(case[2], all:find('is the listener "main" of this gateway', 1, true) ~= nil, all)
    end)
  end

  it("says of a Redis behind TLS that there is none yet, and not with which password", function()
    local r = check { yaml = GOOD .. "rateLimit: { requestsPerSecond: 1, redisURL: 'rediss://:hunter2@r:1' }\n" }
    assert.equal(1, r.code, r.all)
    assert.truthy(r.all:find("rateLimit.redisURL: rediss:// (TLS) is not available", 1, true), r.all)
    assert.is_nil(r.all:find("hunter2", 1, true))
  end)

  it("warns of identities that the limit of all requests cannot know", function()
    local function with(text)
      return (GOOD:gsub('  port: ":8080"', '%0\n  identity: { from: [jwt:sub, address] }')) .. text
    end
    local r, d = check { yaml = with "rateLimit: { requestsPerSecond: 1 }\n" }
    assert.equal(0, r.code, r.all)
    local at = r.all:find("rateLimit counts before plugins judge tokens", 1, true)
    assert.truthy(at and r.all:find(d:join("gateway.yaml") .. ":8:", 1, true), r.all)
    assert.is_nil(check({ yaml = with "" }).all:find("rateLimit", 1, true))
  end)

  -- what is put in place of a line of the good file -> line, column (of key or value), words of the message
  local mistakes = {
    { "an unknown key", "  timeuot: 30", 3, 3, { "timeuot", "timeout" } },
    { "an unknown key at the top", "servces: []", 3, 1, { "servces", "services" } },
    { "a duration that is none", "  timeout: soon", 3, 12, { "timeout", "soon" } },
    { "a negative duration", "  timeout: -5", 3, 12, { "timeout", "-5" } },
    { "a number where there are none", "  workers: many", 3, 12, { "workers", "many" } },
    { "a size that is none", "  limits: { headers: big }", 3, 22, { "headers", "big" } },
    { "a switch that is none", "  headers: { via: maybe }", 3, 19, { "via", "maybe" } },
    { "a word that is not offered", "  headers: { forwarded: y }", 3, 25, { "forwarded", "rfc7239" } },
    { "a mapping where there is none", "  timeout: { a: 1 }", 3, 12, { "timeout" } },
    { "a list where a mapping belongs", "  timeouts: [ 1 ]", 3, 13, { "timeouts" } },
    { "a block that is no CIDR", "  trustedProxies: [ \"10.0.0.0/99\" ]", 3, 21, { "10.0.0.0/99" } },
    { "a key twice", "  port: \":8081\"", 3, 3, { "port" } },
  }
  for _, m in ipairs(mistakes) do
    local name, line, row, column, words = unpack(m)
    it("finds " .. name, function()
      local yaml = line:find("^%S") and GOOD:gsub("services:\n", line .. "\nservices:\n")
        or GOOD:gsub("services:\n", line .. "\n%0")
      local r, d = check { yaml = yaml }
      assert.equal(1, r.code, r.all)
      assert.matches(("%s:%d:%d: "):format(d:join("gateway.yaml"), row, column), r.all, 1, true)
      for _, word in ipairs(words) do assert.matches(word, r.all, 1, true) end
    end)
  end

  local broken_services = {
    { "a service without instances", "  - { name: x, path: /x }", "instances" },
    { "a service with an empty list of instances", "  - { name: x, path: /x, instances: [] }", "instances" },
    { "a service without a name", "  - { path: /x, instances: [ \"http://a:1\" ] }", "name" },
    { "an unknown strategy", "  - { name: x, path: /x, instances: [ \"http://a:1\" ], strategy: round_robbin }",
      "round_robin" },
    { "a port out of range", "  - { name: x, path: /x, instances: [ \"http://127.0.0.1:70000\" ] }", "70000" },
    { "a URL that is none", "  - { name: x, path: /x, instances: [ \"a b\" ] }", "a b" },
    { "a scheme that is not spoken", "  - { name: x, path: /x, instances: [ \"ftp://127.0.0.1:1\" ] }", "ftp" },
    { "a weight of nothing", "  - { name: x, path: /x, instances: [ { url: \"http://127.0.0.1:1\", weight: 0 } ] }",
      "weight" },
    { "the same name twice", "  - { name: main, path: /x, instances: [ \"http://127.0.0.1:1\" ] }", "main" },
    { "the same path twice", "  - { name: x, path: /, instances: [ \"http://127.0.0.1:1\" ] }", "gateway.yaml:4" },
    { "a path without a slash", "  - { name: x, path: x, instances: [ \"http://127.0.0.1:1\" ] }", "path" },
    { "an unknown key", "  - { name: x, path: /x, instances: [ \"http://127.0.0.1:1\" ], wieght: 1 }", "wieght" },
  }
  for _, case in ipairs(broken_services) do
    it("finds " .. case[1], function()
      local r, d = check { yaml = GOOD .. case[2] .. "\n" }
      assert.equal(1, r.code, r.all)
      assert.matches(d:join("gateway.yaml") .. ":7:", r.all, 1, true)
      assert.matches(case[3], r.all, 1, true)
    end)
  end

  it("reports everything at once, with columns", function()
    local r, d = check { yaml = GOOD:gsub("services:", "  timeuot: 1\n  workers: many\n%0")
      .. "  - name: x\n    path: /x\n    strategy: nearest\n" }
    assert.equal(1, r.code)
    local file = d:join("gateway.yaml")
    for _, at in ipairs { ":3:3: ", ":4:12: ", ":11:15: " } do
      assert.matches(file .. at, r.all, 1, true)
    end
    assert.matches("instances", r.all, 1, true)
  end)

  it("says where YAML itself is broken", function()
    local r, d = check { yaml = "gateway:\n  port: [\n" }
    assert.equal(1, r.code)
    assert.matches(d:join("gateway.yaml") .. ":3:", r.all, 1, true)
  end)

  it("says when there is no file", function()
    local r = gate.run("check", "-c", "/nonexistent/gateway.yaml")
    assert.equal(1, r.code)
    assert.matches("/nonexistent/gateway.yaml", r.out .. r.err, 1, true)
  end)

  it("reads ${NAME} and ${NAME:-default}, and names a variable that is not set", function()
    local d = gate.files { yaml = GOOD:gsub('":8080"', '"${E2E_HOST:-127.0.0.1}:8080"') }
    assert.equal(0, gate.run("check", "-c", d:join("gateway.yaml")).code)
    local r = check { yaml = GOOD:gsub('":8080"', '"${E2E_NOT_SET}"') }
    assert.equal(1, r.code)
    assert.matches("E2E_NOT_SET", r.all, 1, true)
  end)

  it("speaks JSON with --json", function()
    local d = gate.files { yaml = GOOD:gsub("services:", "  timeuot: 1\n%0") }
    local r = gate.run("check", "--json", "-c", d:join("gateway.yaml"))
    assert.equal(1, r.code)
    assert.matches("timeuot", gate.json.encode(gate.json.decode(r.out)), 1, true)
  end)
end)
