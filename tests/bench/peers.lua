-- SPDX-License-Identifier: Apache-2.0
-- Who is compared, and how each is set up: one worker, kept-alive connections on both sides, no access log. Every
-- start(at) gets its port, the upstream ports and a folder, writes what it needs there and returns a command line.
local M = {}


local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end


local NGINX = [[
daemon off; worker_processes 1; pid $dir/nginx.pid; error_log $dir/nginx.log crit; user root;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream services {
    server 127.0.0.1:$one; server 127.0.0.1:$two;
    keepalive 256; keepalive_requests 1000000000; keepalive_timeout 300s;
  }
  $http
  server {
    listen 127.0.0.1:$port backlog=1024;
    location / {
      proxy_pass http://services; proxy_http_version 1.1;
      proxy_set_header Connection ''; proxy_set_header Host $host;
      $location
    }
  }
}
]]

-- The work of the three plugins in nginx's own directives.
local NGINX_HTTP = "map $http_x_api_key $client { '' $remote_addr; default $http_x_api_key; }\n"
  .. "limit_req_zone $client zone=clients:16m rate=1000000r/s;"
local NGINX_LOCATION = "limit_req zone=clients burst=1000000 nodelay; proxy_set_header X-Client-Id $client; "
  .. "proxy_set_header X-Debug ''; proxy_set_header X-Internal ''; add_header X-Gateway bench;"

-- One request for each client, and none again for a day.
local NGINX_REFUSES_HTTP = NGINX_HTTP:match("^[^\n]*\n") .. "limit_req_zone $client zone=clients:16m rate=1r/m;"
local NGINX_REFUSES_LOCATION = "limit_req zone=clients; limit_req_status 429;"

local HAPROXY = [[
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  http-reuse always
frontend in
  bind 127.0.0.1:$port backlog 1024
$rules
  default_backend services
backend services
  balance roundrobin
  server one 127.0.0.1:$one
  server two 127.0.0.1:$two
]]

local HAPROXY_RULES = [[
  stick-table type string len 40 size 100k expire 60s store http_req_rate(1s)
  http-request set-var(txn.client) req.hdr(x-api-key)
  http-request set-var(txn.client) src unless { var(txn.client) -m found }
  http-request track-sc0 var(txn.client)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000 }
  http-request set-header X-Client-Id %[var(txn.client)]
  http-request del-header X-Debug
  http-request del-header X-Internal
  http-response set-header X-Gateway bench
]]

local HAPROXY_REFUSES = [[
  stick-table type string len 40 size 100k expire 1d store http_req_rate(1d)
  http-request track-sc0 req.hdr(x-api-key)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1 }
]]

local LUNETTE = [[
gateway:
  port: "127.0.0.1:$port"
  workers: 1
  log: { level: error }
reload: { watch: off }
services:
  - name: bench
    path: /
    pool: { idle: 256 }
    instances: [ "http://127.0.0.1:$one", "http://127.0.0.1:$two" ]
$plugins
$limit
]]

-- Every request is judged in Redis, by a log of one second for each client. Redis' own time is not counted.
local LUNETTE_LIMIT = [[
rateLimit:
  requestsPerSecond: 1000000
  redisURL: "unix:$dir/redis"
  lease: $lease
]]

local LUNETTE_REFUSES = [[
rateLimit: { limit: 1, window: 24h, burstSize: 1 }
]]

local LUNETTE_PLUGIN_REFUSES = [[
    plugins:
      - rate-limit: { rate: 1/d, burst: 1, by: "header:X-Api-Key" }
]]

local LUNETTE_PLUGINS = [[
    plugins:
      - client-id: { from: [ "header:X-Api-Key" ] }
      - rate-limit: { rate: 1000000/s, burst: 1000000, headers: off }
      - headers:
          request: { remove: [ X-Debug, X-Internal ] }
          client_id: X-Client-Id
          response: { set: { X-Gateway: bench } }
]]


local function fill(template, at, more)
  return (template:gsub("%$(%l+)", function(name)
    return more and more[name] or at[name]
  end))
end


local function nginx(http, location)
  return function(at)
    local text = fill(NGINX, at, { http = http or "", location = location or "" })
    return ("nginx -e %s/nginx.log -p %s -c %s"):format(at.dir, at.dir, write(at.dir .. "/nginx.conf", text))
  end
end


local function haproxy(rules)
  return function(at)
    local text = fill(HAPROXY, at, { rules = rules or "" })
    return "haproxy -db -f " .. write(at.dir .. "/haproxy.cfg", text)
  end
end


local function redis(at)
  return ("chrt -b 0 redis-server --port 0 --unixsocket %s/redis --save ''"):format(at.dir)
end


local function lunette(plugins, limit, lease)
  return function(at)
    local judged = limit and fill(limit, at, { lease = lease }) or ""
    local text = fill(LUNETTE, at, { plugins = plugins or "", limit = judged })
    if limit then text = text:gsub("  workers: 1\n", "%0  identity: { from: [ header:X-Api-Key, address ] }\n") end
    return ("%s run -c %s --control %s/control"):format(at.binary, write(at.dir .. "/gateway.yaml", text), at.dir)
  end
end


local function relay(at)
  return ("%s/relay %d %d %d"):format(at.programs, at.port, at.one, at.two)
end


-- In the order in which they take turns. `plugins`: does the work of the three plugins, and must show it. `refuses`: answers
-- 429 to nearly everything. `helper`: what runs beside it.
M.list = {
  { name = "relay", program = "true", start = relay },
  { name = "nginx", program = "nginx", start = nginx() },
  { name = "haproxy", program = "haproxy", start = haproxy() },
  { name = "lunette", program = "true", start = lunette() },
  { name = "nginx + native rules", program = "nginx", start = nginx(NGINX_HTTP, NGINX_LOCATION), plugins = true },
  { name = "haproxy + native rules", program = "haproxy", start = haproxy(HAPROXY_RULES), plugins = true },
  { name = "lunette + 3 plugins", program = "true", start = lunette(LUNETTE_PLUGINS), plugins = true },
  { name = "lunette, limit in Redis", program = "redis-server", start = lunette(nil, LUNETTE_LIMIT, 0),
    helper = redis },
  { name = "lunette, leases of 20", program = "redis-server", start = lunette(nil, LUNETTE_LIMIT, 20),
    helper = redis },
  { name = "nginx refuses", program = "nginx", start = nginx(NGINX_REFUSES_HTTP, NGINX_REFUSES_LOCATION),
    refuses = true },
  { name = "haproxy refuses", program = "haproxy", start = haproxy(HAPROXY_REFUSES), refuses = true },
  { name = "lunette refuses", program = "true", start = lunette(nil, LUNETTE_REFUSES), refuses = true },
  { name = "lunette's plugin refuses", program = "true", start = lunette(LUNETTE_PLUGIN_REFUSES), refuses = true },
}


return M
