-- SPDX-License-Identifier: Apache-2.0
-- Knows clients by requests that they have signed with a shared secret: HTTP Message Signatures (RFC 9421), hmac-sha256.
local SIGNATURES_MAX = 4 -- in one request
local COMPONENTS_MAX = 32 -- of one signature
local INPUT_MAX = 4096 -- bytes that say what is signed
local SECRET_MIN = 16 -- bytes

local hmac = plugin "hmac-auth" {
  version = "1.0.0",
  api     = 1,
  schema  = auth.settings {
    secrets = t.map { t.secret(), required = true, min = 1,
      help = "The secret of each client, by the `keyid` of its signatures: the name of a consumer, or else an identity "
        .. "of its own. At least 16 bytes." },
    components = t.list { t.string(), min = 1, max = COMPONENTS_MAX,
      default = { "@method", "@authority", "@path", "@query" },
      help = "What must be signed: names of header fields, and `@method`, `@authority`, `@scheme`, `@target-uri`, "
        .. "`@request-target`, `@path` and `@query`." },
    digest = t.boolean { default = true,
      help = "Content must be signed, too: `Content-Digest` (RFC 9530) with SHA-256 or SHA-512, which is compared with "
        .. "what came." },
    max = t.size { default = "1m", max = "16m",
      help = "The most content that is read for that; larger requests are answered with 413." },
    skew = t.duration { default = "5m", min = "1s", max = "1h",
      help = "How old a signature may be, and how far ahead its clock." },
    nonce = t.boolean { default = false,
      help = "Ask for a `nonce` in each signature, and refuse one that has been seen: nobody can send a request "
        .. "a second time." },
  },
  check = function(conf)
    for _, name in ipairs(conf.components) do
      if name ~= name:lower() then return nil, ("components: %s: names are in lower case"):format(name) end
    end
    for keyid, secret in pairs(conf.secrets) do
      if #secret < SECRET_MIN then
        return nil, ("secrets: the secret of %s has less than %d bytes"):format(keyid, SECRET_MIN)
      end
    end
    return true
  end,
}


-- ---- what is signed ----

-- host[:port] as RFC 9421 section 2.2.3 wants it: lower case, without the scheme's own port.
local function authority(req)
  local host = (req.host or ""):lower()
  return host:gsub(req.scheme == "https" and ":443$" or ":80$", "")
end


local function query(req)
  return "?" .. (req.query or "")
end


local function target(req)
  return req.query and req.path .. "?" .. req.query or req.path
end


local derived = {
  ["@method"] = function(req) return req.method end,
  ["@authority"] = function(req) return (authority(req)) end,
  ["@scheme"] = function(req) return req.scheme end,
  ["@path"] = function(req) return req.path end,
  ["@query"] = query,
  ["@request-target"] = target,
  ["@target-uri"] = function(req) return ("%s://%s%s"):format(req.scheme, (authority(req)), target(req)) end,
}


-- All lines of a field as one value (section 2.1); nil: it is not there.
local function field(req, name)
  local values = req.headers:all(name)
  if #values == 0 then return nil end
  for i = 1, #values do values[i] = values[i]:match("^%s*(.-)%s*$") end
  return table.concat(values, ", ")
end


local function value_of(req, name)
  if derived[name] then return derived[name](req) end
  if name:find("^@") then return nil end
  return field(req, name)
end


-- The text whose signature it is (section 2.5); or nil and why not.
local function signed_text(req, input)
  local lines = {}
  for i, name in ipairs(input.components) do
    local value = value_of(req, name)
    if not value then return nil, ("it signs %s, which is not there or not known here"):format(name) end
    lines[i] = ('"%s": %s'):format(name, value)
  end
  lines[#lines + 1] = '"@signature-params": ' .. input.text
  return table.concat(lines, "\n")
end


-- ---- Signature-Input ----

-- ;name=value of a number, a token or a quoted text (RFC 8941 section 3.1.2). nil: it is none.
local function read_parameters(rest)
  local found = {}
  while rest ~= "" do
    local name, value, more = rest:match('^;%s*([%l*][%l%d_%-.*]*)=("[^"\\%c]*")(.*)$')
    if not name then name, value, more = rest:match("^;%s*([%l*][%l%d_%-.*]*)=(%-?%w[%w%-.:/+]*)(.*)$") end
    if not name or found[name] then return nil end
    found[name] = value:match('^"(.*)"$') or value:find("^%-?%d+$") and tonumber(value) or value
    rest = more
  end
  return found
end


-- ("@method" "x-date");created=1;keyid="a" -> components in order, by name, parameters and the text itself.
local function read_input(text)
  local list, rest = text:match("^%(([^()]*)%)(.*)$")
  local parameters = list and read_parameters(rest)
  if not parameters then return nil end
  local input = { text = text, components = {}, has = {}, parameters = parameters }
  list = list .. " "
  local at = 1
  while at <= #list do
    local name, stop = list:match('^ *"(@?[%l%d!#$%%&\'*+%-.^_`|~]+)" +()', at)
    if not name then return list:find("^ *$", at) and input or nil end
    if input.has[name] or #input.components == COMPONENTS_MAX then return nil end
    input.components[#input.components + 1], input.has[name] = name, true
    at = stop
  end
  return input
end


-- The members of a dictionary (RFC 8941 section 3.2) whose values have no commas but in quotes and parentheses.
local function members(text)
  local list, depth, quoted, from = {}, 0, false, 1
  for at = 1, #text + 1 do
    local c = text:sub(at, at)
    if c == '"' then quoted = not quoted end
    if not quoted and (c == "(" or c == ")") then depth = depth + (c == "(" and 1 or -1) end
    if c == "" or c == "," and not quoted and depth == 0 then
      local label, value = text:sub(from, at - 1):match("^%s*([%l*][%l%d_%-.*]*)=(.-)%s*$")
      if not label then return nil end
      list[#list + 1] = { label, value }
      from = at + 1
    end
  end
  return list
end


local function as_table(list)
  local by_label = {}
  for _, member in ipairs(list or {}) do by_label[member[1]] = member[2] end
  return by_label
end


-- ---- judging ----

-- nil: all is well.
local function find_fault(self, input)
  local conf, now, parameters = self.conf, time(), input.parameters
  local created, expires = parameters.created, parameters.expires
  for _, name in ipairs(conf.components) do
    if not input.has[name] then return ("it does not sign %s"):format(name) end
  end
  if parameters.alg ~= nil and parameters.alg ~= "hmac-sha256" then return "its algorithm is not hmac-sha256" end
  if type(created) ~= "number" then return "it does not say when it was created" end
  if created > now + conf.skew then return "it was created in the future" end
  if created < now - conf.skew then return "it is too old" end
  if expires ~= nil and (type(expires) ~= "number" or expires < now) then return "it has expired" end
  if conf.nonce and (type(parameters.nonce) ~= "string" or parameters.nonce == "") then return "it has no nonce" end
  return nil
end


-- Does the content have the digest that was signed? true; or nil and why not; or false: there is too much of it.
local function check_content(self, req, input)
  if not self.conf.digest or req.length == 0 then return true end
  if not input.has["content-digest"] then return nil, "it does not sign content-digest" end
  local body, why = req:read_body(self.conf.max)
  if not body then return false, why end
  local digests = as_table(members(field(req, "Content-Digest") or ""))
  local compared = false
  for label, sum in pairs { ["sha-256"] = crypto.sha256, ["sha-512"] = crypto.sha512 } do
    local given = digests[label]
    if given then
      local bytes = crypto.from_base64(given:match("^:(.*):$") or "-")
      if not bytes or not crypto.equal(bytes, sum(body)) then return nil, "the content is not what was signed" end
      compared = true
    end
  end
  if compared then return true end
  return nil, "its Content-Digest has neither sha-256 nor sha-512"
end


-- The first of the signatures whose key is known: its input and its bytes.
local function find_signature(self, req)
  local text = field(req, "Signature-Input")
  if #text > INPUT_MAX then return nil, "Signature-Input is too long" end
  local inputs, signatures = members(text), as_table(members(field(req, "Signature") or ""))
  if not inputs or #inputs > SIGNATURES_MAX then return nil, "Signature-Input is not one" end
  for _, member in ipairs(inputs) do
    local input = read_input(member[2])
    local bytes = crypto.from_base64((signatures[member[1]] or ""):match("^:(.*):$") or "-")
    if not input or not bytes then return nil, "Signature-Input or Signature is not one" end
    if self.conf.secrets[input.parameters.keyid or ""] then return input, bytes end
  end
  return nil, "its key is not known"
end


-- The keyid of who has signed it; or nil and why not; or nil and an answer.
local function judge(self, req)
  local input, bytes = find_signature(self, req)
  if not input then return nil, bytes end
  local why = find_fault(self, input)
  if why then return nil, why end
  local text, missing = signed_text(req, input)
  if not text then return nil, missing end
  local keyid, nonce = input.parameters.keyid, input.parameters.nonce
  if not crypto.equal(crypto.hmac_sha256(self.conf.secrets[keyid], text), bytes) then
    return nil, "the signature is not right"
  end
  local good, fault = check_content(self, req, input)
  if good == nil then return nil, fault end
  if good == false then return nil, nil, { 413, "content_too_large", "The content is more than is read: " .. fault } end
  if not self.conf.nonce then return keyid end
  local fresh, full = self.seen:add(crypto.sha256(keyid .. "\0" .. nonce), true, 2 * self.conf.skew)
  if fresh then return keyid end
  if full then return nil, nil, { 503, "no_room", "There is no room for another nonce" } end
  return nil, "its nonce was used before"
end


local function take_away(req)
  req.headers["Signature"], req.headers["Signature-Input"] = nil, nil
end


function hmac:init()
  self.challenge = ('Signature realm="%s"'):format(self.conf.realm)
  if self.conf.nonce then self.seen = store.dict("nonces", { size = "16m", evict = false }) end
  return auth.init(self)
end


function hmac:request(req, res)
  local has_signature = req.headers["Signature-Input"] ~= nil
  if auth.is_known(self, req) then
    if self.conf.hide then take_away(req) end
    return
  end
  if not has_signature then return auth.missing(self, req, self.challenge) end
  local keyid, why, answer = judge(self, req)
  if answer then
    auth.count(self, "undecided")
    return req:refuse(unpack(answer))
  end
  if not keyid then return auth.wrong(self, req, self.challenge, "The signature is not taken: " .. why) end
  if self.conf.hide then take_away(req) end
  return auth.accept(self, req, consumers.has(keyid) and { consumer = keyid } or { id = keyid })
end


return hmac
