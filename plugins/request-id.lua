-- SPDX-License-Identifier: Apache-2.0
-- Gives each request an id of your form, for the service, the log and the client.
local request_id = plugin "request-id" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    header = t.header_name { default = "X-Request-Id",
      help = "The header that has it." },
    form = t.oneof { "uuid7", "uuid4", "ulid", "gateway", default = "uuid7",
      help = "A UUID (RFC 9562) that begins with the time, a random one, a ULID, or what the gateway has made." },
    trust = t.boolean { default = false,
      help = "Keep the id that the client has sent, if it is one: up to 128 letters, digits and `-_.~+/=:@`." },
    echo = t.boolean { default = true,
      help = "Tell the client, in the same header of the response." },
  },
}

local VARIANT = {} -- a hexadecimal digit -> one of 8, 9, a, b
for i = 0, 15 do VARIANT[("%x"):format(i):byte()] = ("89ab"):sub(i % 4 + 1, i % 4 + 1) end

local DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" -- Crockford's


local function uuid(version, head, random)
  return head:sub(1, 8) .. "-" .. head:sub(9, 12) .. "-" .. version .. random:sub(1, 3) .. "-"
    .. VARIANT[random:byte(4)] .. random:sub(5, 7) .. "-" .. random:sub(8, 19)
end


-- 40 bits of bytes.
local function number_at(bytes, at)
  local a, b, c, d, e = bytes:byte(at, at + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end


-- The last `count` digits of a number, of five bits each.
local function digits(number, count)
  local out = ""
  for _ = 1, count do
    local at = number % 32
    out, number = DIGITS:sub(at + 1, at + 1) .. out, (number - at) / 32
  end
  return out
end

local make = {}


function make.uuid4()
  local random = crypto.hex(crypto.random(16))
  return uuid("4", random:sub(1, 12), random:sub(13))
end


function make.uuid7()
  return uuid("7", ("%012x"):format(math.floor(time() * 1000)), crypto.hex(crypto.random(10)))
end


function make.ulid()
  local random = crypto.random(10)
  return digits(math.floor(time() * 1000), 10) .. digits(number_at(random, 1), 8) .. digits(number_at(random, 6), 8)
end


function make.gateway(req)
  return req.id
end


function request_id:init()
  self.make = make[self.conf.form]
end


local function is_id(text)
  return #text <= 128 and text:find("^[%w_.~+/=:@-]+$") ~= nil
end


function request_id:request(req, res)
  local conf = self.conf
  local id = conf.trust and req.headers[conf.header] or nil
  if not (id and is_id(id)) then id = self.make(req) end
  req.id = id
  req.headers[conf.header] = id
  if conf.echo then res.headers[conf.header] = id end
end


return request_id
