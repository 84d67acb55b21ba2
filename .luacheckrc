-- SPDX-License-Identifier: Apache-2.0
-- luacheck settings: which names each kind of Lua file may read.
std = "luajit"
max_line_length = 120
max_comment_line_length = 130
unused_args = false

-- begin: made from lua/lunette/api_doc.lua by `make docs`
stds.lunette_plugin = { read_globals = {
  "_VERSION", "assert", "error", "getmetatable", "hostname", "ipairs", "load", "loadstring", "next", "pairs",
  "parallel", "pcall", "plugin", "print", "rawequal", "rawget", "rawset", "redis", "require", "reserve_header",
  "select", "setmetatable", "sleep", "time", "tonumber", "tostring", "type", "unpack", "xpcall",
  auth = { fields = {
    accept = {}, asked = {}, count = {}, counting = {}, forbid = {}, header_text = {}, init = {}, is_known = {},
    missing = {}, outage = {}, settings = {}, shown_url = {}, sources = {}, url_fault = {}, wrong = {},
  } },
  bit = { fields = {
    arshift = {}, band = {}, bnot = {}, bor = {}, bswap = {}, bxor = {}, lshift = {}, rol = {}, ror = {}, rshift = {},
    tobit = {}, tohex = {},
  } },
  consumers = { fields = {
    by_key = {}, has = {}, limits = {}, verify = {},
  } },
  coroutine = { fields = {
    create = {}, resume = {}, running = {}, status = {}, wrap = {}, yield = {},
  } },
  crypto = { fields = {
    base64 = {}, base64url = {}, equal = {}, from_base64 = {}, from_base64url = {}, from_hex = {}, hex = {},
    hmac_sha1 = {}, hmac_sha1_hex = {}, hmac_sha256 = {}, hmac_sha256_hex = {}, hmac_sha384 = {}, hmac_sha384_hex = {},
    hmac_sha512 = {}, hmac_sha512_hex = {}, key_set = {}, public_key = {}, random = {}, sha1 = {}, sha1_hex = {},
    sha256 = {}, sha256_hex = {}, sha384 = {}, sha384_hex = {}, sha512 = {}, sha512_hex = {},
  } },
  escape = { fields = {
    html = {}, json = {}, path = {}, url = {},
  } },
  events = { fields = {
    on = {},
  } },
  http = { fields = {
    delete = {}, get = {}, head = {}, options = {}, patch = {}, post = {}, put = {}, request = {},
  } },
  json = { fields = {
    array = {}, decode = {}, encode = {}, null = {},
  } },
  limits = { fields = {
    beyond = {}, check_redis = {}, in_redis = {}, init = {}, over = {}, settings = {}, tell = {}, unknown = {},
  } },
  log = { fields = {
    debug = {}, error = {}, info = {}, warn = {},
  } },
  math = { fields = {
    abs = {}, acos = {}, asin = {}, atan = {}, atan2 = {}, ceil = {}, cos = {}, cosh = {}, deg = {}, exp = {},
    floor = {}, fmod = {}, frexp = {}, huge = {}, ldexp = {}, log = {}, log10 = {}, max = {}, min = {}, modf = {},
    pi = {}, pow = {}, rad = {}, random = {}, randomseed = {}, sin = {}, sinh = {}, sqrt = {}, tan = {}, tanh = {},
  } },
  metrics = { fields = {
    counter = {}, gauge = {}, histogram = {},
  } },
  store = { fields = {
    bandwidth = {}, counters = {}, dict = {}, limiter = {}, permits = {},
  } },
  string = { fields = {
    byte = {}, char = {}, find = {}, format = {}, gmatch = {}, gsub = {}, len = {}, lower = {}, match = {}, rep = {},
    reverse = {}, sub = {}, upper = {},
  } },
  t = { fields = {
    addresses = {}, amount = {}, any = {}, boolean = {}, cidr = {}, content = {}, duration = {}, edits = {}, file = {},
    header_name = {}, header_value = {}, integer = {}, json_edits = {}, key = {}, list = {}, map = {}, media_type = {},
    number = {}, oneof = {}, pattern = {}, rate = {}, record = {}, secret = {}, service = {}, size = {}, string = {},
    template = {}, time = {}, url = {},
  } },
  table = { fields = {
    concat = {}, foreach = {}, foreachi = {}, getn = {}, insert = {}, maxn = {}, move = {}, remove = {}, sort = {},
  } },
  timer = { fields = {
    after = {}, every = {},
  } },
} }
stds.lunette_routes = { read_globals = {
  "_VERSION", "any", "assert", "delete", "env", "error", "file", "get", "getmetatable", "group", "head", "hostname",
  "include", "ipairs", "load", "loadstring", "next", "options", "pairs", "parallel", "patch", "pcall", "post", "print",
  "put", "rawequal", "rawget", "rawset", "redis", "reserve_header", "select", "service", "setmetatable", "sleep",
  "split", "time", "tonumber", "tostring", "type", "unpack", "use", "xpcall",
  auth = { fields = {
    accept = {}, asked = {}, count = {}, counting = {}, forbid = {}, header_text = {}, init = {}, is_known = {},
    missing = {}, outage = {}, settings = {}, shown_url = {}, sources = {}, url_fault = {}, wrong = {},
  } },
  bit = { fields = {
    arshift = {}, band = {}, bnot = {}, bor = {}, bswap = {}, bxor = {}, lshift = {}, rol = {}, ror = {}, rshift = {},
    tobit = {}, tohex = {},
  } },
  consumers = { fields = {
    by_key = {}, has = {}, limits = {}, verify = {},
  } },
  coroutine = { fields = {
    create = {}, resume = {}, running = {}, status = {}, wrap = {}, yield = {},
  } },
  crypto = { fields = {
    base64 = {}, base64url = {}, equal = {}, from_base64 = {}, from_base64url = {}, from_hex = {}, hex = {},
    hmac_sha1 = {}, hmac_sha1_hex = {}, hmac_sha256 = {}, hmac_sha256_hex = {}, hmac_sha384 = {}, hmac_sha384_hex = {},
    hmac_sha512 = {}, hmac_sha512_hex = {}, key_set = {}, public_key = {}, random = {}, sha1 = {}, sha1_hex = {},
    sha256 = {}, sha256_hex = {}, sha384 = {}, sha384_hex = {}, sha512 = {}, sha512_hex = {},
  } },
  escape = { fields = {
    html = {}, json = {}, path = {}, url = {},
  } },
  events = { fields = {
    on = {},
  } },
  http = { fields = {
    delete = {}, get = {}, head = {}, options = {}, patch = {}, post = {}, put = {}, request = {},
  } },
  json = { fields = {
    array = {}, decode = {}, encode = {}, null = {},
  } },
  limits = { fields = {
    beyond = {}, check_redis = {}, in_redis = {}, init = {}, over = {}, settings = {}, tell = {}, unknown = {},
  } },
  log = { fields = {
    debug = {}, error = {}, info = {}, warn = {},
  } },
  math = { fields = {
    abs = {}, acos = {}, asin = {}, atan = {}, atan2 = {}, ceil = {}, cos = {}, cosh = {}, deg = {}, exp = {},
    floor = {}, fmod = {}, frexp = {}, huge = {}, ldexp = {}, log = {}, log10 = {}, max = {}, min = {}, modf = {},
    pi = {}, pow = {}, rad = {}, random = {}, randomseed = {}, sin = {}, sinh = {}, sqrt = {}, tan = {}, tanh = {},
  } },
  metrics = { fields = {
    counter = {}, gauge = {}, histogram = {},
  } },
  store = { fields = {
    bandwidth = {}, counters = {}, dict = {}, limiter = {}, permits = {},
  } },
  string = { fields = {
    byte = {}, char = {}, find = {}, format = {}, gmatch = {}, gsub = {}, len = {}, lower = {}, match = {}, rep = {},
    reverse = {}, sub = {}, upper = {},
  } },
  table = { fields = {
    concat = {}, foreach = {}, foreachi = {}, getn = {}, insert = {}, maxn = {}, move = {}, remove = {}, sort = {},
  } },
  timer = { fields = {
    after = {}, every = {},
  } },
} }
-- end

stds.redis_script = { read_globals = {
  "ipairs", "pairs", "tonumber", "tostring", "type", "KEYS", "ARGV",
  math = { fields = { ceil = {}, floor = {}, huge = {}, max = {}, min = {} } },
  redis = { fields = { call = {}, pcall = {} } },
} }

-- judge.lua is put behind each of the others, and uses what they define.
-- A script is place.lua, the file of an algorithm and judge.lua.
files["core/limit"] = { std = "redis_script", ignore = { "211/open" }, read_globals = { "read_text", "log_key" } }
files["core/limit/place.lua"] = { std = "redis_script", ignore = { "211/read_text", "211/log_key" } }
files["core/limit/judge.lua"] = { std = "redis_script", read_globals = { "open" } }
files["plugins"] = { std = "lunette_plugin" }
files["conf/**/*.lua"] = { std = "lunette_routes" }
files["spec"] = { std = "luajit+busted" }
files["spec/fixtures/*.lua"] = { std = "lunette_plugin" }
files["spec/fixtures/plugins"] = { std = "lunette_plugin" }
files["spec/fixtures/redis_quota.lua"] = { std = "lunette_plugin" }
files["spec/fixtures/routes"] = { std = "lunette_routes" }
files["spec/fixtures/design/routes.lua"] = { std = "lunette_routes" }
files["spec/fixtures/design/dashboard.lua"] = { std = "lunette_routes", max_line_length = false }
files["spec/fixtures/design/plugins"] = { std = "lunette_plugin" }
files["lua/lunette/api_doc.lua"] = { max_line_length = false }
files["lua/lunette/api_doc/*.lua"] = { max_line_length = false } -- a table of sentences
