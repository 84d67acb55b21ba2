-- SPDX-License-Identifier: Apache-2.0
-- key_set.lua - crypto.key_set(source): keys that open signed tokens (JSON Web Signatures, RFC 7515).
--
-- What a token says of itself decides nothing: the algorithm must be one that the caller takes, and the key must fit it.

local crypto = require "lunette.crypto"
local fault = require "lunette.fault"
local json = require "lunette.json"
local public_key = require "lunette.public_key"
local text = require "lunette.schema_text"

local TEXT_MAX = 8192 -- bytes of a token
local KEYS_MAX = 64 -- of a set
local TRIED_MAX = 8 -- of these, for a token that does not say which

local HMAC = { HS256 = crypto.hmac_sha256, HS384 = crypto.hmac_sha384, HS512 = crypto.hmac_sha512 }

local MALFORMED = "it is no signed token"

local type = type

local Set = {}
local METATABLE = { __index = Set, __metatable = "key set" }

-- Of sets: { all = { { kid =, key =, secret =, alg = } }, kids = true for each }
local states = setmetatable({}, { __mode = "k" })


local function decode(part)
  local bytes = crypto.from_base64url(part)
  local value = bytes and json.decode(bytes)
  return type(value) == "table" and value or nil
end


local function fits(entry, alg)
  if entry.secret then return HMAC[alg] ~= nil end
  return (entry.alg == nil or entry.alg == alg) and entry.key:fits(alg)
end


local function verify(entry, alg, signed, signature)
  if not entry.secret then return entry.key:verify(alg, signed, signature) end
  return crypto.equal(HMAC[alg](entry.secret, signed), signature)
end


-- May this key have signed a token with that kid, or with none? Several may have one kid (RFC 7517 section 4.5); a secret that
-- has one is only for tokens that name it.
local function is_meant(state, entry, kid)
  if not next(state.kids) then return true end
  if kid ~= nil then return entry.kid == kid end
  return not entry.secret
end


-- Is one of these keys its?
local function is_signed(state, header, signed, signature)
  local alg, kid, tried = header.alg, header.kid, 0
  for _, entry in ipairs(state.all) do
    if is_meant(state, entry, kid) and fits(entry, alg) and tried < TRIED_MAX then
      tried = tried + 1
      if verify(entry, alg, signed, signature) then return true end
    end
  end
  return false
end


-- The claims of a token and its header, if its algorithm is one of `taken`, a table with true for each, and its signature is
-- right. Or nil, a sentence, and "unknown key" where the token names one that is not in the set.
function Set:open(token, taken)
  local state = states[self or false] or fault.raise("open: call it with a colon, set:open(token, algorithms)")
  if type(token) ~= "string" then fault.raise("open: expected a token, got " .. text.show(token)) end
  if type(taken) ~= "table" then fault.raise("open: expected a table of algorithms, got " .. text.show(taken)) end
  if #token > TEXT_MAX then return nil, "it is too long" end
  local signed, head, body, tail = token:match("^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$")
  if not signed then return nil, MALFORMED end
  local header, claims, signature = decode(head), decode(body), crypto.from_base64url(tail)
  if not header or not claims or not signature then return nil, MALFORMED end
  local kid = header.kid
  if kid ~= nil and type(kid) ~= "string" then return nil, MALFORMED end
  if type(header.alg) ~= "string" or not taken[header.alg] then return nil, "its algorithm is not one that is taken" end
  if header.crit ~= nil then return nil, "it has extensions that are not known" end
  if is_signed(state, header, signed, signature) then return claims, header end
  return nil, "its signature is not right", kid ~= nil and not state.kids[kid] and "unknown key" or nil
end


local function add(state, kid, entry)
  state.all[#state.all + 1] = entry
  if type(kid) == "string" then entry.kid, state.kids[kid] = kid, true end
end


-- Is a JSON Web Key for signatures, and for verifying them? (RFC 7517 sections 4.2 and 4.3)
local function is_for_signatures(jwk)
  local ops = jwk.key_ops
  if jwk.use ~= nil and jwk.use ~= "sig" then return false end
  if type(ops) ~= "table" then return ops == nil end
  for i = 1, #ops do
    if ops[i] == "verify" then return true end
  end
  return false
end


-- RFC 7517 section 5. Keys that cannot be used are passed over, as it asks.
local function read_set(state, body)
  local doc, why = json.decode(body)
  if type(doc) ~= "table" or type(doc.keys) ~= "table" then
    return "no JSON Web Key Set: " .. (why or "there is no list of keys in it")
  end
  for i = 1, math.min(#doc.keys, KEYS_MAX) do
    local jwk = doc.keys[i]
    if type(jwk) == "table" and is_for_signatures(jwk) then
      local key = public_key(jwk)
      if key then add(state, jwk.kid, { key = key, alg = jwk.alg }) end
    end
  end
  if #state.all == 0 then return "no key in it can be used" end
end


local function read_pems(state, pems)
  for kid, pem in pairs(pems) do
    local key, why = public_key(pem)
    if not key then return why end
    add(state, kid, { key = key })
  end
end


-- `source`: the text of a JSON Web Key Set; or a table with `pems` or `secrets`, texts by kid, or in a list when tokens have no
-- kid. Or nil and a sentence.
return function(source)
  local state, why = { all = {}, kids = {} }, nil
  if type(source) == "string" then
    why = read_set(state, source)
  elseif type(source) == "table" and type(source.pems) == "table" then
    why = read_pems(state, source.pems)
  elseif type(source) == "table" and type(source.secrets) == "table" then
    for kid, secret in pairs(source.secrets) do add(state, kid, { secret = secret }) end
  else
    fault.raise("crypto.key_set: expected the text of a key set, { pems = ... } or { secrets = ... }")
  end
  if why then return nil, why end
  local set = setmetatable({}, METATABLE)
  states[set] = state
  return set
end
