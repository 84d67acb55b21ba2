-- SPDX-License-Identifier: Apache-2.0
-- public_key.lua - crypto.public_key(source): keys that verify signatures, from a PEM or a JSON Web Key.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C, str, to_string, bytes, size = F.C, F.str, F.string, F.bytes, F.size
local type = type

-- The members of a JSON Web Key by its kty: those that are texts, and those that are base64url.
local FORMS = {
  RSA = { form = C.LN_CRYPTO_KEY_RSA, members = { "n", "e" } },
  EC  = { form = C.LN_CRYPTO_KEY_EC, members = { "crv", "x", "y" } },
  OKP = { form = C.LN_CRYPTO_KEY_OKP, members = { "crv", "x" } },
}
local MEMBER_MAX = 8192

local Key = {}


local function check(what, value)
  if type(value) ~= "string" then fault.raise(("%s: expected a text, got %s"):format(what, text.show(value))) end
end


-- Is `signature` that of `s` under this algorithm of JSON Web Signatures, such as "ES256"? False for one that the key does
-- not fit.
function Key:verify(alg, s, signature)
  check("verify: algorithm", alg)
  check("verify: text", s)
  check("verify: signature", signature)
  return C.ln_crypto_key_verify(self, alg, #alg, s, #s, signature, #signature) == C.LN_OK
end


function Key:fits(alg)
  check("fits", alg)
  return C.ln_crypto_key_fits(self, alg, #alg) == C.LN_OK
end


F.metatype("struct ln_crypto_key", { __index = Key })


local function decode(name, value)
  if type(value) ~= "string" or #value > MEMBER_MAX then return nil, name .. ": expected a text in base64url" end
  if name == "crv" then return value end
  local out = bytes(3 * math.floor((#value + 3) / 4) + 1)
  if C.ln_crypto_unbase64(value, #value, true, out, size) ~= C.LN_OK then return nil, name .. ": expected base64url" end
  return to_string(out, size[0])
end


local function from_jwk(jwk)
  local row = FORMS[jwk.kty]
  if not row then return nil, 'kty: expected "RSA", "EC" or "OKP", got ' .. text.show(jwk.kty) end
  local values = {}
  for i, name in ipairs(row.members) do
    local value, why = decode(name, jwk[name])
    if not value then return nil, why end
    values[i] = value
  end
  return row.form, unpack(values)
end


-- A key from a PEM (a public key or a certificate), or from a JSON Web Key as a table. Or nil and a sentence.
return function(source)
  local key
  if type(source) == "string" then
    key = F.new_key(C.LN_CRYPTO_KEY_PEM, source)
  elseif type(source) == "table" then
    local form, a, b, c = from_jwk(source)
    if not form then return nil, a end
    key = F.new_key(form, a, b, c)
  else
    fault.raise("crypto.public_key: expected a PEM or a JSON Web Key, got " .. text.show(source))
  end
  if not key then return nil, to_string(str.ptr, str.len) end
  return key
end
