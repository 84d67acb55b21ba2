-- SPDX-License-Identifier: Apache-2.0
-- plugins/jwt.lua: claims that lie in objects, such as the roles of Keycloak.

local crypto = require "lunette.crypto"
local gate = require "lunette.spec"
local json = require "lunette.json"

local SECRET = ("0123456789abcdef"):rep(2)


local function sign(claims)
  local signed = crypto.base64url '{"alg":"HS256"}' .. "." .. crypto.base64url(json.encode(claims))
  return signed .. "." .. crypto.base64url(crypto.hmac_sha256(SECRET, signed))
end


describe("claims of a token that lie in objects", function()
  before_each(gate.reset)

  local function ask(conf, claims)
    conf.algorithms, conf.secret = { "HS256" }, SECRET
    claims.exp = gate.clock:now() + 60
    return gate.request(gate.chain {
      gate.plugin("jwt", conf),
      function(req) return 200, { id = req.client.id, groups = req.client.groups, told = req.headers["X-Told"] } end,
    }, { headers = { ["Authorization"] = "Bearer " .. sign(claims) } })
  end

  for claim, groups in pairs {
    ["realm_access.roles"] = { "a", "b" }, ["deep.er.still"] = { "c" }, ["app.roles"] = { "literal" },
    ["realm_access"] = {}, ["realm_access.none"] = {}, ["realm_access.x.y"] = {}, ["realm_access.roles.1"] = {},
    ["list.1"] = {}, ["sub.x"] = {}, ["."] = {}, [".sub"] = {}, ["sub."] = {}, ["none.at.all"] = {},
  } do
    it(("are found by dots, where no claim has the name itself: %s"):format(claim), function()
      local seen = ask({ groups_claim = claim }, {
        sub = "u-17", realm_access = { roles = { "a", "b" }, ["x.y"] = "no" }, deep = { er = { still = "c" } },
        ["app.roles"] = "literal", app = { roles = "no" }, list = { "no" },
      }):json()
      assert.equal("u-17", seen.id)
      assert.same(groups, seen.groups)
    end)
  end

  it("may say who it is, be required, and be told", function()
    local conf = { consumer_claim = "org.id", require = { "org.id" }, claims = { ["X-Told"] = "org.is_admin" } }
    local seen = ask(conf, { org = { id = "o-1", is_admin = false } }):json()
    assert.same({ "o-1", "false" }, { seen.id, seen.told })
    local out = ask(conf, { org = { id = json.null } })
    assert.equal(401, out.status)
    assert.truthy(out.headers["WWW-Authenticate"]:find("it has no claim org.id", 1, true))
    assert.equal(401, ask(conf, { org = "o-1" }).status)
  end)
end)
