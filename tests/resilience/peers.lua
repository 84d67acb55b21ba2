-- SPDX-License-Identifier: Apache-2.0
-- Who is compared, each set up as well as we know how, and all with the same bounds: three attempts at three instances, 1 s for
-- a connection, 1 s for a response, 10 s until an instance that was found to be bad is tried again, two workers or threads,
-- POST never repeated once it was sent. What differs: nginx has no checks of its own; HAProxy comes with quick ones, and lunette
-- without and with them.
--
-- A peer: name, program, arguments(at), where `at` has port, ports (of the instances), the port of the bad one, dir and binary.
-- refused(at) gives a function that tells how many connections to the bad one could not be opened so far: nobody but the proxy
-- knows of those.

local loop = require "spec.support.loop"
local process = require "spec.support.process"
local socket = require "spec.support.socket"


local M = {}

local NGINX = [[
daemon off; worker_processes 2; pid $dir/nginx.pid; error_log $dir/error.log error; user root;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  upstream storm {
    zone storm 256k;
    server 127.0.0.1:$p1 max_fails=1 fail_timeout=10s;
    server 127.0.0.1:$p2 max_fails=1 fail_timeout=10s;
    server 127.0.0.1:$p3 max_fails=1 fail_timeout=10s;
    keepalive 64;
  }
  server {
    listen 127.0.0.1:$port;
    location / {
      proxy_pass http://storm; proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_connect_timeout 1s; proxy_read_timeout 1s; proxy_send_timeout 1s;
      proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
    }
  }
}
]]

local HAPROXY = [[
global
  nbthread 2
  maxconn 4096
  stats socket $dir/stats
defaults
  mode http
  timeout connect 1s
  timeout server 1s
  timeout check 1s
  timeout client 30s
  retries 2
  option redispatch 1
  retry-on all-retryable-errors
  option httpchk
  http-check send meth GET uri / ver HTTP/1.1 hdr Host storm
  default-server check inter 500ms fastinter 100ms downinter 200ms fall 2 rise 2
  default-server observe layer7 error-limit 3 on-error mark-down
frontend in
  bind 127.0.0.1:$port
  http-request disable-l7-retry if METH_POST
  default_backend storm
backend storm
  balance roundrobin
  server i1 127.0.0.1:$p1
  server i2 127.0.0.1:$p2
  server i3 127.0.0.1:$p3
]]

local LUNETTE = [[
gateway: { port: "127.0.0.1:$port", workers: 2, log: { level: debug } }
reload: { watch: off }
services:
  - name: storm
    path: /
    instances: [ "http://127.0.0.1:$p1", "http://127.0.0.1:$p2", "http://127.0.0.1:$p3" ]
    timeouts: { connect: 1s }
    retries: { tries: 3, perTry: 1s, statuses: 500-599, budget: off }
    breaker: { openFor: 10s, maxOpenFor: 10s }
$checks
]]

local CHECKS = "    health: { path: /, interval: 200ms, timeout: 1s, rise: 2, fall: 2, statuses: 200 }"


local function fill(template, at)
  return (template:gsub("%$(%l%d?%l*)", function(name)
    local i = name:match("^p(%d)$")
    return i and at.ports[tonumber(i)] or at[name] or ""
  end))
end


local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end


local function count(text, ...)
  local n = 0
  for line in text:gmatch("[^\n]+") do
    local all = true
    for _, needle in ipairs { ... } do all = all and line:find(needle, 1, true) end
    if all then n = n + 1 end
  end
  return n
end


-- Counts in what a file has got since the last call.
local function counter(path, ...)
  local file, n, needles = assert(io.open(path)), 0, { ... }
  return function()
    n = n + count(file:read("*a"), unpack(needles))
    return n
  end
end


local nginx = { name = "nginx", program = "/usr/sbin/nginx" }


function nginx.arguments(at)
  return { "-e", at.dir .. "/error.log", "-p", at.dir, "-c", write(at.dir .. "/nginx.conf", fill(NGINX, at)) }
end


function nginx.refused(at)
  return counter(at.dir .. "/error.log", "connect() failed", ("http://127.0.0.1:%d/"):format(at.bad))
end


local haproxy = { name = "HAProxy", program = "/usr/sbin/haproxy" }


function haproxy.arguments(at)
  return { "-db", "-f", write(at.dir .. "/haproxy.cfg", fill(HAPROXY, at)) }
end


-- Its counters of failed connections, repeats and redispatches, which also have the few requests that were under way.
function haproxy.refused(at)
  return function()
    local s = socket.connect("unix:" .. at.dir .. "/stats")
    s:send("show stat\n")
    local text = s:read_all()
    s:close()
    local columns, n = {}, 0
    for name in text:match("^# ([^\n]*)"):gmatch("([^,]*),") do columns[#columns + 1] = name end
    local i = 0
    for value in (text:match("\nstorm,i2,[^\n]*"):sub(2)):gmatch("([^,]*),") do
      i = i + 1
      if columns[i] == "econ" or columns[i] == "wretr" or columns[i] == "wredis" then n = n + tonumber(value) end
    end
    return n
  end
end


local function lunette(name, checks)
  local peer = { name = name }

  function peer.arguments(at)
    at.checks = checks
    return { "run", "-c", write(at.dir .. "/gateway.yaml", fill(LUNETTE, at)), "--control", at.dir .. "/control" }
  end

  function peer.refused(at)
    return counter(at.dir .. "/error.log", ("http://127.0.0.1:%d: the connection could not be opened"):format(at.bad))
  end

  return peer
end


M.list = { nginx, haproxy, lunette("lunette"), lunette("lunette, checks", CHECKS) }


-- Starts a peer; `at` gets its address. Whoever calls destroys the process that is returned.
function M.start(peer, at)
  local bound = socket.bind("127.0.0.1:0")
  at.port = bound.address:match("%d+$")
  at.address = "127.0.0.1:" .. at.port
  bound:close()
  local p = process.start("/bin/sh", {
    "-c", 'exec 2>>"$0"; exec setpriv --pdeathsig TERM "$@"', at.dir .. "/error.log", peer.program or at.binary,
    unpack(peer.arguments(at)),
  })
  loop.eventually(function()
    assert(p:is_running(), peer.name .. " has ended: see " .. at.dir .. "/error.log")
    local ok, s = pcall(socket.connect, at.address)
    if ok then s:close() end
    return ok
  end, peer.name, 10)
  return p
end


return M
