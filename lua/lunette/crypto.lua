-- SPDX-License-Identifier: Apache-2.0
-- crypto.lua - digests, signatures, encodings, random bytes and a comparison that tells nothing by its duration.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C, cur, to_string, bytes, size = F.C, F.cur, F.string, F.bytes, F.size

local RANDOM_MAX = 65536

local digest = bytes(64)

local M = {}


local function check(name, value)
  if type(value) ~= "string" then fault.raise(("crypto.%s: expected a text, got %s"):format(name, text.show(value))) end
end


-- 32 bytes
function M.sha256(s)
  check("sha256", s)
  C.ln_crypto_sha256(cur, s, #s, digest)
  return to_string(digest, 32)
end


-- 64 hexadecimal digits
function M.sha256_hex(s)
  check("sha256_hex", s)
  C.ln_crypto_sha256_hex(cur, s, #s, digest)
  return to_string(digest, 64)
end


function M.hex(s)
  check("hex", s)
  local out = bytes(2 * #s + 1)
  C.ln_crypto_hex(s, #s, out)
  return to_string(out, 2 * #s)
end


local function base64(s, url)
  local out = bytes(4 * math.ceil(#s / 3) + 1)
  C.ln_crypto_base64(s, #s, url, out, size)
  return to_string(out, size[0])
end


function M.base64(s)
  check("base64", s)
  return base64(s, false)
end


-- For names and addresses: "-" and "_" in place of "+" and "/", no padding.
function M.base64url(s)
  check("base64url", s)
  return base64(s, true)
end


-- n bytes that nobody can guess
function M.random(n)
  if type(n) ~= "number" or n % 1 ~= 0 or n < 1 or n > RANDOM_MAX then
    fault.raise(("crypto.random: expected a number of bytes from 1 to %d, got %s"):format(RANDOM_MAX, text.show(n)))
  end
  local out = bytes(n)
  C.ln_crypto_random(out, n)
  return to_string(out, n)
end


-- Equal? Takes as long for texts that differ early as for those that differ late.
function M.equal(a, b)
  check("equal", a)
  check("equal", b)
  return #a == #b and C.ln_crypto_equal(a, b, #a) == 0
end


-- ---- digests of one shape: name(bytes), name_hex(bytes), hmac_name(key, bytes), hmac_name_hex(key, bytes) ----

local function add_digest(name, kind)
  local hmac = "hmac_" .. name

  M[name] = M[name] or function(s)
    check(name, s)
    return to_string(digest, C.ln_crypto_digest(cur, kind, s, #s, digest))
  end


  M[hmac] = function(key, s)
    check(hmac, key)
    check(hmac, s)
    return to_string(digest, C.ln_crypto_hmac(cur, kind, key, #key, s, #s, digest))
  end


  M[name .. "_hex"] = M[name .. "_hex"] or function(s) return M.hex(M[name](s)) end
  M[hmac .. "_hex"] = function(key, s) return M.hex(M[hmac](key, s)) end
end

add_digest("sha1", 0)
add_digest("sha256", 1)
add_digest("sha512", 2)
add_digest("sha384", 3)


-- ---- keys of others ----

M.public_key = require "lunette.public_key"


-- ---- the ways back; nil and a sentence when the text is none ----

function M.from_hex(s)
  check("from_hex", s)
  local out = bytes(#s / 2 + 1)
  if C.ln_crypto_unhex(s, #s, out) ~= 0 then return nil, "no hexadecimal text" end
  return to_string(out, #s / 2)
end


local function from_base64(s, url)
  local out = bytes(3 * math.floor((#s + 3) / 4) + 1)
  if C.ln_crypto_unbase64(s, #s, url, out, size) ~= 0 then return nil, "no base64 text" end
  return to_string(out, size[0])
end


function M.from_base64(s)
  check("from_base64", s)
  return from_base64(s, false)
end


function M.from_base64url(s)
  check("from_base64url", s)
  return from_base64(s, true)
end


return M
