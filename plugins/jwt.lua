-- SPDX-License-Identifier: Apache-2.0
-- Knows clients by JSON Web Tokens (RFC 7519), signed with a shared secret or with a key of their issuer.
local REMEMBERED = 1024 -- tokens whose signature was right, twice so many at most
local LOOK_EVERY = 1 -- seconds until a worker looks whether another one has fetched keys
local ASK_AGAIN = 5 -- seconds between two questions for a key that the issuer did not have
local FINISH_EVERY = 1 -- seconds until a fetch is taken up whose request has gone, once its time is over
local REST = 1 -- seconds without a question from requests, after one that brought no keys
local ENOUGH = { HS256 = 32, HS384 = 48, HS512 = 64 } -- bytes of a secret (RFC 7518 section 3.2)

local KEY_SOURCES = { "public_key", "public_keys", "jwks", "jwks_file" }


local function check_secrets(conf, alg)
  for _, name in ipairs(KEY_SOURCES) do
    if conf[name] then return nil, ("%s: %s is for secrets: use the plugin twice"):format(name, alg) end
  end
  if not conf.secret and not conf.secrets then return nil, "secret: required for " .. alg .. ", or secrets" end
  for _, secret in pairs(conf.secrets or { conf.secret }) do
    if #secret < ENOUGH[alg] then
      return nil, ("secret: %s wants at least %d bytes (RFC 7518 section 3.2)"):format(alg, ENOUGH[alg])
    end
  end
  return true
end


local function check_keys(conf, alg)
  if conf.secret or conf.secrets then
    return nil, ("secret: %s is for public keys: use the plugin twice"):format(alg)
  end
  local sources = 0
  for _, name in ipairs(KEY_SOURCES) do sources = sources + (conf[name] and 1 or 0) end
  if sources == 1 then return true end
  return nil, "public_key: expected exactly one of public_key, public_keys, jwks and jwks_file for " .. alg
end


local jwt = plugin "jwt" {
  version = "1.0.0",
  api     = 1,
  schema  = auth.settings {
    from = t.list { t.string(), min = 1, max = 8, default = { "bearer" },
      help = 'Where the token is, in this order: `"bearer"` (`Authorization: Bearer TOKEN`), `"header:NAME"`, '
        .. '`"cookie:NAME"` or `"query:NAME"`.' },
    algorithms = t.list { required = true, min = 1, max = 13, t.oneof {
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
        "ES256", "ES384", "ES512", "EdDSA",
      },
      help = "The algorithms that are taken, whatever a token says of itself. Name those that the issuer uses." },
    secret = t.secret { help = "Of `HS256` and its like: at least as many bytes as the digest has." },
    secrets = t.map { t.secret(), help = "Several secrets, by the `kid` that tokens name." },
    public_key = t.file { max = "16k", help = "A PEM file: a public key or a certificate." },
    public_keys = t.map { t.file { max = "16k" }, help = "Several, by the `kid` that tokens name." },
    jwks_file = t.file { max = "256k", help = "A file with a JSON Web Key Set." },
    jwks = t.url {
      help = "Where the issuer publishes its key set: `http://`, since this version has no TLS. Fetched when the "
        .. "gateway starts, every `refresh`, and when a token names a key that is not known; by one worker for all." },
    refresh = t.duration { default = "10m", min = "10s", max = "24h", help = "How often the key set is fetched." },
    timeout = t.duration { default = "2s", min = "10ms", max = "30s",
      help = "How long that may take, and how long a request waits for it that cannot do without." },
    issuer = t.list { t.string(), min = 1, help = "Who may have issued it: the claim `iss` is one of these." },
    audience = t.list { t.string(), min = 1, help = "Whom it is for: the claim `aud` has one of these." },
    leeway = t.duration { default = "30s", max = "10m",
      help = "How far clocks may be apart, for `exp`, `nbf` and `iat`." },
    require = t.list { t.string(), default = { "exp" }, help = "Claims that must be there." },
    consumer_claim = t.string { default = "sub", min = 1,
      help = "The claim that says who it is: a consumer of that name, or else an identity of its own." },
    groups_claim = t.string { default = "groups", min = 1,
      help = "The claim with the groups of somebody who is no consumer: a list, or a text with spaces between them. As "
        .. "in all these settings, dots lead into objects where no claim has the name itself: `realm_access.roles`." },
    claims = t.map { t.header_name(), t.string(),
      help = 'Claims for the service, by header: `{ ["X-Email"] = "email" }`. No client can send these headers.' },
  },
  check = function(conf)
    for _, alg in ipairs(conf.algorithms) do
      local ok, why = (ENOUGH[alg] and check_secrets or check_keys)(conf, alg)
      if not ok then return nil, why end
    end
    local wrong = conf.jwks and auth.url_fault(conf.jwks)
    if wrong then return nil, ("jwks: %s. Let something local fetch the key set, or use jwks_file"):format(wrong) end
    return true
  end,
}


-- ---- keys ----

-- A new set: what was right by the old one has to prove itself again.
local function adopt(self, set)
  self.set, self.young, self.old, self.count = set, {}, {}, 0
end


-- What another worker, or this one, has fetched.
local function look(self)
  self.looked = time()
  local body = self.shared:get(self.conf.jwks)
  if not body or body == self.body then return end
  local set = crypto.key_set(body)
  self.body = body
  if set then adopt(self, set) end
end


-- What was begun is wanted until it has ended: a request whose client goes meanwhile goes with it, and a timer ends it then.
local function fetch(self)
  local url = self.conf.jwks
  self.shared:set("wanted " .. url, true)
  local reply, why = http.get(url, { timeout = self.conf.timeout, max = "256k" })
  local set
  if reply and reply.status ~= 200 then reply, why = nil, "status " .. reply.status end
  if reply then set, why = crypto.key_set(reply.body) end
  if set then
    self.shared:set(url, reply.body)
    look(self)
    self.outage:ends("the key set can be fetched again")
  else
    self.shared:set("resting " .. url, true, REST)
    self.outage:begins("the key set cannot be fetched", { why = why })
  end
  self.shared:delete("wanted " .. url)
end


local function is_fetching(self)
  return self.shared:get("fetching " .. self.conf.jwks) ~= nil
end


-- One worker fetches; the others wait for it, no longer than that may take. What somebody has fetched between our wish and our
-- turn is new enough. `rarely`: not if somebody has asked so a moment ago.
local function fetch_once(self, rarely)
  local url = self.conf.jwks
  local lock, patience, known = "fetching " .. url, self.conf.timeout, self.body
  if self.shared:add(lock, true, patience + 1) then
    look(self)
    if self.body == known and (not rarely or self.shared:add("asked " .. url, true, ASK_AGAIN)) then fetch(self) end
    self.shared:delete(lock)
    return
  end
  while patience > 0 and is_fetching(self) do
    sleep(0.01)
    patience = patience - 0.01
  end
  look(self)
end


local function init_jwks(self)
  local conf = self.conf
  local name, often = conf.jwks, conf.refresh
  self.shared, self.looked = store.dict("key-sets", { size = "4m" }), 0
  self.outage = auth.outage(self.shared, name, { url = auth.shown_url(name) })
  adopt(self, nil)
  look(self) -- what was fetched before a reload
  local known = self.body
  timer.after(0, function()
    if self.body == known then fetch_once(self) end -- else a request was quicker
  end, { on = "one", name = "first " .. name })
  timer.every(often, function()
    look(self)
    fetch_once(self)
  end, { on = "one", name = name, jitter = often / 10 })
  timer.every(FINISH_EVERY, function()
    if not self.shared:get("wanted " .. name) or is_fetching(self) then return end
    look(self)
    fetch_once(self)
  end, { on = "one", name = "wanted " .. name })
end


local function init_keys(self)
  local conf = self.conf
  if conf.jwks then return init_jwks(self) end
  local set, why
  if conf.jwks_file then
    set, why = crypto.key_set(conf.jwks_file)
    why = why and "jwks_file: " .. why
  elseif conf.public_keys or conf.public_key then
    set, why = crypto.key_set { pems = conf.public_keys or { conf.public_key } }
    why = why and "public_key: " .. why
  else
    set = crypto.key_set { secrets = conf.secrets or { conf.secret } }
  end
  if not set then return why end
  adopt(self, set)
end


local function set_of(list)
  local set = list and {}
  for _, name in ipairs(list or {}) do set[name] = true end
  return set
end


function jwt:init()
  local conf = self.conf
  local sources, why = auth.sources(conf.from)
  if not sources then return nil, why end
  self.sources = sources
  self.challenge = ('Bearer realm="%s"'):format(conf.realm)
  self.allowed, self.issuers, self.audiences = set_of(conf.algorithms), set_of(conf.issuer), set_of(conf.audience)
  self.told = {} -- header and claim in turn
  for name, claim in pairs(conf.claims or {}) do
    reserve_header(name)
    self.told[#self.told + 1], self.told[#self.told + 2] = name, claim
  end
  why = init_keys(self)
  if why then return nil, why end
  return auth.init(self)
end


-- ---- tokens ----

-- The keys of now, for a token that names one which is not known: it may have been signed with a new one, which this worker
-- has not heard of, which is being fetched, or which may be asked for.
local function renew(self)
  local known = self.body
  look(self)
  if self.body == known then fetch_once(self, true) end
end


-- The claims of a token whose signature is right; or nil and why not; or false: there are no keys.
local function open(self, token)
  if not self.set and not self.shared:get("resting " .. self.conf.jwks) then fetch_once(self) end
  if not self.set then return false end
  local claims, why, hint = self.set:open(token, self.allowed)
  if hint == "unknown key" and self.conf.jwks then
    renew(self)
    claims, why = self.set:open(token, self.allowed)
  end
  return claims, why
end


-- ---- claims ----

-- The claim of that name; or, with dots, what lies in the objects that they lead through: "realm_access.roles".
local function claim_of(claims, name)
  local value = claims[name]
  if value ~= nil or not name:find(".", 1, true) then return value end
  value = claims
  for step in (name .. "."):gmatch("([^.]*)%.") do
    if type(value) ~= "table" then return nil end
    value = rawget(value, step)
  end
  return value
end


-- A list of names, or a text with spaces between them.
local function groups_of(value)
  local list = {}
  if type(value) == "string" then
    for name in value:gmatch("%S+") do list[#list + 1] = name end
  elseif type(value) == "table" then
    for i = 1, #value do
      if type(value[i]) == "string" then list[#list + 1] = value[i] end
    end
  end
  return list
end


local function name_of(value)
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%.0f"):format(value) end
  return type(value) == "string" and value ~= "" and value or nil
end


-- What is remembered of a token whose signature is right, under a digest of it: { claims =, name =, groups = }; or as `open`.
-- Times and the like are judged anew each time.
local function open_once(self, token)
  if self.conf.jwks and math.abs(time() - self.looked) > LOOK_EVERY then look(self) end -- clocks are set back, too
  local digest = crypto.sha256(token)
  local known = self.young[digest] or self.old[digest]
  if known then return known end
  local claims, why = open(self, token)
  if not claims then return claims, why end
  if self.count == REMEMBERED then self.old, self.young, self.count = self.young, {}, 0 end
  known = { claims = claims, name = name_of(claim_of(claims, self.conf.consumer_claim)) }
  known.groups = groups_of(claim_of(claims, self.conf.groups_claim))
  self.young[digest], self.count = known, self.count + 1
  return known
end


local function has_audience(self, aud)
  if type(aud) ~= "table" then return self.audiences[aud or ""] end
  for i = 1, #aud do
    if self.audiences[aud[i]] then return true end
  end
  return false
end


-- nil: all is well.
local function find_fault(self, claims)
  local conf, now, leeway = self.conf, time(), self.conf.leeway
  for i = 1, #conf.require do
    local value = claim_of(claims, conf.require[i])
    if value == nil or value == json.null then return ("it has no claim %s"):format(conf.require[i]) end
  end
  local exp, nbf, iat = claims.exp, claims.nbf, claims.iat
  if exp ~= nil and type(exp) ~= "number" or nbf ~= nil and type(nbf) ~= "number"
    or iat ~= nil and type(iat) ~= "number" then
    return "one of its times is no number"
  end
  if exp and now >= exp + leeway then return "it has expired" end
  if nbf and now < nbf - leeway then return "it is not valid yet" end
  if iat and now < iat - leeway then return "it was issued in the future" end
  if self.issuers and not self.issuers[claims.iss or ""] then return "its issuer is not one that is taken" end
  if self.audiences and not has_audience(self, claims.aud) then return "it is for somebody else" end
  return nil
end


local function tell_claims(self, req, claims)
  for i = 1, #self.told, 2 do
    local value = claim_of(claims, self.told[i + 1])
    if type(value) == "table" then value = json.encode(value) end
    if type(value) == "boolean" then value = tostring(value) end
    req.headers[self.told[i]] = value ~= nil and value ~= json.null and auth.header_text(value) or nil
  end
end


-- ---- requests ----

local function refuse(self, req, why)
  local challenge = ('%s, error="invalid_token", error_description="%s"'):format(self.challenge, why)
  return auth.wrong(self, req, challenge, "The token is not taken: " .. why)
end


function jwt:request(req, res)
  local conf, token = self.conf, self.sources.read(req)
  if conf.hide then self.sources.hide(req) end
  if auth.is_known(self, req) then return end
  if not token then return auth.missing(self, req, self.challenge) end
  local known, why = open_once(self, token)
  if known == false then
    auth.count(self, "undecided")
    return req:refuse(503, "no_keys", "The keys of the issuer cannot be had", { ["Retry-After"] = "1" })
  end
  why = known and find_fault(self, known.claims) or why
  if why then return refuse(self, req, why) end
  if not known.name then return refuse(self, req, "it does not say who it is") end
  tell_claims(self, req, known.claims)
  if consumers.has(known.name) then
    return auth.accept(self, req, { method = "jwt", consumer = known.name, claims = known.claims })
  end
  return auth.accept(self, req, { method = "jwt", id = known.name, groups = known.groups, claims = known.claims })
end


return jwt
