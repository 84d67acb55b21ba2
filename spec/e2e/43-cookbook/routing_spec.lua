-- SPDX-License-Identifier: Apache-2.0
-- Recipes of docs/cookbook about routes and who may, between real sockets, with two workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local cookbook = require "spec.helpers.cookbook"


-- A gateway with the files of a recipe. options: those of gate.start; `shop` and `other` are the services' upstreams.
local function cook(title, shop, other, options)
  local recipe = cookbook.recipe(title)
  local all = { workers = 2, routes = recipe.files["routes.lua"], plugins = recipe.plugins, files = {} }
  for name, text in pairs(recipe.files) do
    if name:find("%.txt$") then all.files[name] = text end
  end
  for name, value in pairs(options or {}) do all[name] = value end
  all.services = {
    { name = "shop", instances = { shop } }, { name = "shop-next", instances = { other or shop } },
  }
  return gate.start(all)
end


describe("the recipe", function()
  after_each(gate.cleanup)

  it("A/B test keeps visitors where they are, in every worker", function()
    local g = cook("A/B test", gate.upstream { name = "a" }, gate.upstream { name = "b" })
    local met, visitors = {}, 0
    while visitors < 12 or not (met.a and met.b) do -- who sees what is a matter of their random cookies
      visitors = visitors + 1
      assert.is_true(visitors < 100)
      local first = g:get("/shop/")
      local cookie = first.headers["Set-Cookie"]:match("^visitor=%x+")
      met[first.body] = true
      assert.equal(first.body == "a" and "shop" or "shop-next", first.headers["X-Variant"])
      for _ = 1, 4 do
        local again = g:get("/shop/", { headers = { Cookie = cookie } })
        assert.same({ first.body }, { again.body, again.headers["Set-Cookie"] })
      end
    end
    assert.same({ a = true, b = true }, met)
  end)

  it("Stay with an instance keeps visitors, also when it is drained", function()
    local ups = { gate.upstream { name = "a" }, gate.upstream { name = "b" } }
    local routes = cookbook.recipe("Stay with an instance").files["routes.lua"]
      :gsub("http://localhost:8081", ups[1].url):gsub("http://localhost:8082", ups[2].url)
    local g = gate.start { workers = 2, routes = routes }
    local first = g:get("/cart/")
    local with = { headers = { Cookie = first.headers["Set-Cookie"]:match("^cart=%x+") } }
    local home = first.body == "a" and ups[1] or ups[2]
    assert.equal(0, g:cli("drain", "cart", home.url, "--control", g.control).code)
    for _ = 1, 5 do
      assert.equal(first.body, g:get("/cart/", with).body)
      assert.is_not.equal(first.body, g:get("/cart/").body)
    end
  end)

  it("Canary by header takes testers", function()
    local g = cook("Canary by header", gate.upstream { name = "stable" }, gate.upstream { name = "canary" })
    assert.equal("stable", g:get("/shop/cart").body)
    assert.equal("canary", g:get("/shop/cart", { headers = { ["X-Canary"] = "yes" } }).body)
    assert.equal("canary", g:get("/shop/cart", { headers = { Cookie = "canary=yes" } }).body)
  end)

  it("Instances that come and go follows SRV records", function()
    local ns, name = gate.nameserver(), "shop.service.consul"
    local function up(n)
      return gate.upstream { name = n, handler = function() return 200, n end }
    end
    local one, two = up "one", up "two"
    local function say(...)
      local records = {}
      for i, u in ipairs { ... } do records[i] = { 1, 1, u.port, "node" .. i .. ".node.consul" } end
      ns:set(name, { srv = records })
    end
    for i = 1, 2 do ns:set("node" .. i .. ".node.consul", { a = { "127.0.0.1" } }) end
    say(one)
    local recipe = cookbook.recipe "Instances that come and go"
    local yaml = recipe.files["gateway.yaml"]:gsub('":8080"', '"127.0.0.1:0"'):gsub("127.0.0.1:8600", ns.address)
      :gsub("slowStart: 10s", "slowStart: 0"):gsub("interval: 2s", "interval: 100ms")
    local g = gate.start { yaml = yaml, routes = recipe.files["routes.lua"] }
    g:wait_log("1 joined: " .. one.url)
    assert.equal("one", g:get("/shop/").body)
    say(two)
    g:wait_log("1 left: " .. one.url, 20)
    assert.equal("two", g:get("/shop/").body)
    assert.equal(name, two:last().headers["Host"])
  end)

  it("API keys in a file takes a new key as soon as the file is saved", function()
    local up = gate.upstream()
    local recipe = cookbook.recipe("API keys in a file")
    local yaml = recipe.files["gateway.yaml"]:gsub('":8080"', '"127.0.0.1:0"'):gsub("http://localhost:8081", up.url)
    local g = gate.start { yaml = yaml, routes = recipe.files["routes.lua"] }
    local function ask(key) return g:get("/shop/", { headers = { ["X-Api-Key"] = key } }).status end
    assert.same({ 200, 401, 401 }, { ask "try-acme", ask "wrong", ask "another" })
    assert.same({ "acme" }, { up:last().headers["X-Consumer-Name"], up:last().headers["X-Api-Key"] })
    g.dir:write("gateway.yaml", yaml .. "  - name: new\n" -- with "another"
      .. "    keys: sha256:ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5\n")
    gate.eventually(function() return ask "another" == 200 end, "the new key")
    assert.equal(200, ask "try-acme")
    g:expect "not a key"
    g:expect "reload after a file changed failed"
    g.dir:write("gateway.yaml", yaml .. "  - { name: new, keys: [ nonsense, '' ] }\n")
    g:wait_log "consumers%[2%].keys%[1%]: not a key"
    assert.equal(200, ask "try-acme")
  end)

  it("WebSocket with a ticket opens a connection, and refuses one without", function()
    local up = gate.upstream(function(request, connection)
      connection:send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      connection:send(request.target .. " " .. #request.headers["X-Client-Id"])
      connection:close()
    end)
    local g = cook("WebSocket with a ticket", up)
    local function open(target)
      local c = gate.client(g):send(("GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        :format(target))
      local head = c:read_head()
      return head.status, head.status == 101 and c.socket:read_all(10) or nil
    end
    local reply = g:post("/tickets", "", { headers = { ["X-Api-Key"] = "k" } })
    local ticket = gate.json.decode(reply.body).ticket
    assert.same({ 101, "/live 32" }, { open("/live?ticket=" .. ticket) })
    assert.equal(401, open("/live?ticket=x" .. ticket))
    assert.equal(401, open "/live")
    assert.equal(401, g:post("/tickets", "").status)
    assert.equal(1, #up.requests)
  end)

  it("Verify the signature of a webhook takes each once, whichever worker it meets", function()
    local up = gate.upstream()
    local g = cook("Verify the signature of a webhook", up)
    local stamp, content = ("%d"):format(os.time()), '{"paid":7}'
    local function call(sum)
      local pipe = assert(io.popen(("printf %%s '%s.%s' | openssl dgst -sha256 -hmac 'only for trying: not a secret'")
        :format(stamp, content)))
      local own = pipe:read("*a"):match("(%x+)%s*$")
      pipe:close()
      return g:post("/hooks/payments", content, {
        headers = { ["X-Timestamp"] = stamp, ["X-Signature"] = "sha256=" .. (sum or own) },
      })
    end
    assert.equal(401, call(("0"):rep(64)).status)
    assert.equal(200, call().status)
    assert.equal('{"paid":7}', up:last().body)
    for _ = 1, 6 do assert.equal(200, call().status) end
    assert.equal(1, #up.requests)
  end)
end)
