-- SPDX-License-Identifier: Apache-2.0
-- docs/cookbook/content.md: each recipe does what it says.

local kitchen = require "spec.helpers.kitchen"
local gate = require "lunette.spec"
local json = require "lunette.json"

local JSON = { ["Content-Type"] = "application/json" }

local function answer(out, content, options)
  local response = { headers = JSON, chunks = type(content) == "table" and content or { content } }
  for name, value in pairs(options or {}) do response[name] = value end
  return gate.response(nil, out, response)
end


describe("Blank fields in a stream", function()
  local routes
  before_each(function() routes = kitchen.recipe "Blank fields in a stream" end)
  after_each(kitchen.tidy)

  local function through(chunks, kind)
    local out = routes:request("GET /events", { headers = { ["Accept-Encoding"] = "gzip" } })
    assert.is_nil(out:sent().headers["Accept-Encoding"])
    return answer(out, chunks, { headers = { ["Content-Type"] = kind or "application/x-ndjson; charset=utf-8" } })
  end

  it("gives the same, however the stream is cut", function()
    local text = '{"card": "4111", "to": "x"}\n{"token":"abc","card":"42"}\n{"cards":"no"}'
    for size = 1, #text do
      local chunks = {}
      for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
      assert.equal('{"card": "***", "to": "x"}\n{"token":"***","card":"***"}\n{"cards":"no"}', through(chunks).body)
    end
    assert.equal(text, through({ text }, "text/plain").body)
  end)

  it("lets whole lines go on at once", function()
    assert.same({ '{"a":1}\n', '{"b":2}\n' }, through({ '{"a":1}\n', '{"b":2}\n' }).chunks)
  end)

  it("cuts the response off where a line is too long to be looked at", function()
    local out = through { ("x"):rep(65537) }
    assert.is_true(out.cut)
    assert.equal("", out.body)
    assert.matches("a line is longer than 65536 bytes", out.failed)
  end)
end)


describe("JSON in other words", function()
  local routes
  before_each(function() routes = kitchen.recipe "JSON in other words" end)
  after_each(kitchen.tidy)

  it("edits both ways", function()
    local out = routes:request("PUT /users/7", {
      body = '{"name":"Ann","role":"admin"}', headers = JSON, client_id = "c",
    })
    assert.is_nil(out.status)
    assert.same({ full_name = "Ann", audit = { by = "c" } }, json.decode(out:sent().body))
    local after = answer(out, '{"full_name":"Ann","password_hash":"x","items":[{"password_hash":"y","n":1}]}')
    assert.same({ name = "Ann", items = { { n = 1 } } }, after:json())
  end)

  it("sums up carts, and refuses what is none", function()
    local function post(body) return routes:request("POST /carts", { body = body }) end
    assert.equal(8, json.decode(post('{"lines":[{"price":2,"count":3},{"price":1,"count":2}]}'):sent().body).total)
    for _, bad in ipairs { "", "[", "7", '{"lines":1}' } do assert.equal(400, post(bad).status, bad) end
    assert.equal(500, post('{"lines":[{"price":"x","count":1}]}').status)
  end)
end)


describe("Dashboard of several services", function()
  local routes
  before_each(function()
    routes = kitchen.recipe "Dashboard of several services"
    gate.http:on("GET shop/me", function(request) return 200, { id = request.headers["X-Client-Id"] } end)
    gate.http:on("GET shop/orders?most=5", 200, { 1, 2 })
    gate.http:on("GET shop-next/news", 200, { "sale" })
  end)
  after_each(kitchen.tidy)

  it("puts the parts together", function()
    local said = routes:request("GET /dashboard", { headers = { ["X-Api-Key"] = "k" } }):json()
    assert.equal(32, #said.user.id)
    assert.same({ { 1, 2 }, { "sale" }, true }, { said.orders, said.news, said.complete })
  end)

  it("does without what is not there, but for the user", function()
    gate.http:on("GET shop-next/news", nil, "timed out")
    gate.http:on("GET shop/orders?most=5", 500)
    local said = routes:request("GET /dashboard"):json()
    assert.same({ json.null, json.null, false }, { said.orders, said.news, said.complete })
    assert.equal(2, #gate.logged())
    gate.http:on("GET shop/me", nil, "timed out")
    assert.equal(502, routes:request("GET /dashboard").status)
  end)
end)


describe("Cache responses", function()
  local routes
  before_each(function() routes = kitchen.recipe "Cache responses" end)
  after_each(kitchen.tidy)

  local function ask(path, headers) return routes:request("GET /shop/" .. path, { headers = headers }) end
  local function is_kept(headers, options)
    routes = kitchen.recipe "Cache responses"
    options = options or {}
    options.headers = headers
    answer(ask "p", options.chunks or { "con", "tent" }, options)
    return ask("p").status ~= nil
  end

  it("answers from memory until the time is over", function()
    local out = answer(ask "p?a=1", { "con", "\ntent" })
    assert.same({ "miss", "con\ntent" }, { out.headers["X-Cache"], out.body })
    gate.clock:advance(10)
    out = ask "p?a=1"
    assert.same({ 200, "con\ntent", "hit", "10", "application/json" }, {
      out.status, out.body, out.headers["X-Cache"], out.headers["Age"], out.headers["Content-Type"],
    })
    assert.is_nil(ask("p?a=2").status)
    gate.clock:advance(21)
    assert.is_nil(ask("p?a=1").status)
  end)

  it("keeps what is for everybody, and nothing else", function()
    assert.is_true(is_kept(JSON))
    for name, value in pairs {
      ["Set-Cookie"] = "a=b", ["Vary"] = "Cookie", ["Cache-Control"] = "max-age=9, private",
      ["Content-Encoding"] = "br",
    } do
      assert.is_false(is_kept { ["Content-Type"] = "text/plain", [name] = value }, name)
    end
    assert.is_false(is_kept({}))
    assert.is_false(is_kept(JSON, { status = 404 }))
    assert.is_false(is_kept(JSON, { chunks = { ("x"):rep(200 * 1024), ("x"):rep(100 * 1024) } }))
    assert.is_true(is_kept(JSON, { chunks = { ("x"):rep(200 * 1024), ("x"):rep(50 * 1024) } }))
  end)

  it("does not answer those who say who they are", function()
    answer(ask "p", "content")
    assert.equal(200, ask("p").status)
    assert.is_nil(ask("p", { Cookie = "a=b" }).status)
    assert.is_nil(ask("p", { Authorization = "x" }).status)
    assert.is_nil(routes:request("POST /shop/p").status)
  end)
end)


describe("One asks, the others wait", function()
  local routes
  before_each(function() routes = kitchen.recipe "One asks, the others wait" end)
  after_each(kitchen.tidy)

  it("gives the answer to all who come in time", function()
    gate.http:on("GET shop/reports/today", 200, "report", { ["Content-Type"] = "text/csv" })
    for _ = 1, 3 do
      local out = routes:request("GET /reports/today")
      assert.same({ 200, "report", "text/csv" }, { out.status, out.body, out.headers["Content-Type"] })
    end
    assert.equal(1, #gate.http.requests)
    gate.clock:advance(2.1)
    routes:request("GET /reports/today")
    assert.equal(2, #gate.http.requests)
  end)

  it("lets requests go on by themselves when the one has failed, and personal ones always", function()
    gate.http:on("GET shop/reports/today", nil, "timed out")
    assert.is_nil(routes:request("GET /reports/today").status)
    gate.http:on("GET shop/reports/today", 200, "report")
    assert.equal(200, routes:request("GET /reports/today").status)
    assert.is_nil(routes:request("GET /reports/today", { headers = { Cookie = "a=b" } }).status)
  end)
end)


describe("Idempotency keys", function()
  local routes
  before_each(function() routes = kitchen.recipe "Idempotency keys" end)
  after_each(kitchen.tidy)

  local function post(key, body, more)
    local options = { body = body or "{}", headers = { ["Idempotency-Key"] = key } }
    for name, value in pairs(more or {}) do options[name] = value end
    return routes:request("POST /orders", options)
  end

  it("gives the same answer again", function()
    local first = post "a"
    assert.is_nil(first.status)
    assert.equal('{"id":\n7}', answer(first, { '{"id":\n', "7}" }, { status = 201 }).body)
    local again = post "a"
    assert.same({ 201, '{"id":\n7}', "application/json", "true" },
      { again.status, again.body, again.headers["Content-Type"], again.headers["Idempotent-Replayed"] })
    assert.is_nil(post("b").status)
    assert.is_nil(post("a", "{}", { ip = "10.0.0.2" }).status)
    gate.clock:advance(86401)
    assert.is_nil(post("a").status)
  end)

  it("remembers answers without content", function()
    answer(post "a", {}, { status = 204 })
    assert.equal(204, post("a").status)
  end)

  it("refuses a key that is running, or was used for something else", function()
    local first = post "a"
    assert.equal(409, post("a").status)
    assert.equal(422, post("a", "other").status)
    answer(first, "done")
    assert.equal(422, post("a", "other").status)
    assert.equal(200, post("a").status)
  end)

  it("lets the next one try when nothing was done, or nobody came back", function()
    answer(post "a", "broken", { status = 502 })
    assert.is_nil(post("a").status)
    assert.equal(409, post("a").status)
    gate.clock:advance(61)
    assert.is_nil(post("a").status)
  end)

  it("wants a key", function()
    assert.equal(400, post(nil).status)
    assert.equal(400, post(("k"):rep(129)).status)
    assert.equal(413, post("a", ("x"):rep(65537)).status)
  end)
end)
