/* SPDX-License-Identifier: Apache-2.0
 * rows_cases.h - for every directive a value that is right, one that is wrong, and the sentence
 * that says so.
 *
 * CASE(key, file around "key: value" at the @, good value, bad value, message after "key: ")
 */
#define ROOT "gateway: {port: ':0'}\n@\n"
#define GATEWAY "gateway: {port: ':0', @}\n"
#define LISTENER "gateway: {listeners: [{name: x, listen: ':0', @}]}\n"
#define IN(block) "gateway: {port: ':0', " block ": {@}}\n"
#define TOP(block) "gateway: {port: ':0'}\n" block ": {@}\n"
#define SERVICE "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', @}]\n"
#define SERVICE_IN(block)                                                                          \
    "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', " block ": "       \
    "{@}}]\n"
#define BACKOFF                                                                                    \
    "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', "                  \
    "retries: {backoff: {@}}}]\n"
#define LEARNED                                                                                    \
    "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', "                  \
    "concurrency: {@}}]\n"
#define STICKY                                                                                     \
    "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', "                  \
    "sticky: {cookie: c, @}}]\n"
#define LIMIT "gateway: {port: ':0'}\nrateLimit: {requestsPerSecond: 1, @}\n"

#define CONSUMERS "gateway: {port: ':0'}\nconsumers: [{@}]\n"
#define CONSUMER "gateway: {port: ':0'}\nconsumers: [{name: a, @}]\n"
#define CONSUMER_LIMITS "gateway: {port: ':0'}\nconsumers: [{name: a, limits: {@}}]\n"

#define A_WORD "expected 1 to 128 visible characters without \" \\ , : and ;"
#define A_KEY                                                                                      \
    "expected a key of 8 to 512 visible characters, sha256: with 64 hexadecimal digits, or file: " \
    "with the path of a file that holds one of these"
#define A_DURATION "expected a duration such as 30s or 250ms, "
#define A_SIZE "expected a size such as 64k or 1m"
#define A_NAME "expected a name of letters, digits, \"-\", \"_\" and \".\", at most 64"
#define A_MAPPING "expected a mapping of keys"
#define AN_ADDRESS                                                                                 \
    "expected an address such as \":8080\", \"127.0.0.1:8080\", \"[::1]:8080\" or "                \
    "\"unix:run/gw.sock\", with a port from 0 to 65535"
#define A_LIMIT "expected a whole number from 1 to 1000000000"

/* clang-format off */
CASE("gateway", "@\n", "{port: ':0'}", "3", "got \"3\", " A_MAPPING)
CASE("gateway.port", "gateway: {@}\n", "'127.0.0.1:0'", "':99999'", "got \":99999\", " AN_ADDRESS)
CASE("gateway.listeners", "gateway: {@}\n", "[{name: a, listen: ':0'}]", "{name: a}",
     "got a mapping, expected a list of listeners, each with name and listen")
CASE("gateway.listeners[0].name", "gateway: {listeners: [{listen: ':0', @}]}\n", "main", "a b", "got \"a b\", " A_NAME)
CASE("gateway.listeners[0].listen", "gateway: {listeners: [{name: x, @}]}\n", "'[::1]:0'", "localhost:80",
     "got \"localhost:80\", " AN_ADDRESS)
CASE("gateway.listeners[0].proxyProtocol", "gateway: {trustedProxies: '::1', listeners: [{name: x, listen: ':0', @}]}\n", "require",
     "requires", "got \"requires\", expected one of off, on, require; did you mean \"require\"?")
CASE("gateway.listeners[0].backlog", LISTENER, "65535", "0", "got \"0\", expected a whole number from 1 to 65535")
CASE("gateway.listeners[0].rateLimit", LISTENER, "off", "maybe", "got \"maybe\", expected on or off")
CASE("gateway.timeout", GATEWAY, "1.5", "fast", "got \"fast\", " A_DURATION "at most 365d")
CASE("gateway.timeouts", GATEWAY, "{header: 1s}", "30", "got \"30\", " A_MAPPING)
CASE("gateway.timeouts.header", IN("timeouts"), "0", "-1", "got \"-1\", " A_DURATION "at most 365d")
CASE("gateway.timeouts.body", IN("timeouts"), "5m", "5w", "got \"5w\", " A_DURATION "at most 365d")
CASE("gateway.timeouts.send", IN("timeouts"), "250ms", "[]", "got a list, " A_DURATION "at most 365d")
CASE("gateway.timeouts.idle", IN("timeouts"), "75s", "366d", "got \"366d\", " A_DURATION "at most 365d")
CASE("gateway.timeouts.tunnel", IN("timeouts"), "1h", "~", "got nothing, " A_DURATION "at most 365d")
CASE("gateway.limits", GATEWAY, "{body: 1}", "[]", "got a list, " A_MAPPING)
CASE("gateway.limits.requestLine", IN("limits"), "4k", "63", "got \"63\", " A_SIZE ", from 64 to 64k")
CASE("gateway.limits.headers", IN("limits"), "16k", "1g", "got \"1g\", " A_SIZE ", from 256 to 64k")
CASE("gateway.limits.headerCount", IN("limits"), "1000", "0", "got \"0\", expected a whole number from 1 to 1000")
CASE("gateway.limits.body", IN("limits"), "2g", "1.5m", "got \"1.5m\", " A_SIZE)
CASE("gateway.limits.requestsPerConnection", IN("limits"), "5", "many",
     "got \"many\", expected a whole number from 0 to 1000000000")
CASE("gateway.limits.connections", IN("limits"), "1000", "-1", "got \"-1\", expected a whole number from 0 to 10000000")
CASE("gateway.limits.buffer", IN("limits"), "16k", "4095", "got \"4095\", " A_SIZE ", from 4k to 16m")
CASE("gateway.limits.bodyRate", IN("limits"), "1k", "1/s", "got \"1/s\", " A_SIZE)
CASE("gateway.limits.bodyGrace", IN("limits"), "0", "2d", "got \"2d\", " A_DURATION "at most 1d")
CASE("gateway.tcp", GATEWAY, "{}", "on", "got \"on\", " A_MAPPING)
CASE("gateway.tcp.nodelay", IN("tcp"), "off", "0", "got \"0\", expected on or off")
CASE("gateway.tcp.keepAlive", IN("tcp"), "0", "10h", "got \"10h\", " A_DURATION "at most 9h")
CASE("gateway.mergeSlashes", GATEWAY, "on", "merge", "got \"merge\", expected on or off")
CASE("gateway.workers", GATEWAY, "auto", "257", "got \"257\", expected auto, or a whole number from 1 to 256")
CASE("gateway.user", GATEWAY, "_lunette", "a b", "got \"a b\", expected the name of a user, or \"\"")
CASE("gateway.trustedProxies", GATEWAY, "10.0.0.0/8", "{}",
     "got a mapping, expected an address or range such as 10.0.0.0/8 or ::1, unix:, or a list of them")
CASE("gateway.identity", GATEWAY, "{}", "address", "got \"address\", " A_MAPPING)
CASE("gateway.identity.from", IN("identity"), "['header:X-Api-Key', address]", "ip",
     "got \"ip\", expected address, consumer, header:NAME, query:NAME, cookie:NAME or jwt:CLAIM, or a list of them")
CASE("gateway.identity.ipv6Prefix", IN("identity"), "56", "129", "got \"129\", expected a whole number from 1 to 128")
CASE("gateway.identity.proxyHeaders", IN("identity"), "[Forwarded, X-Real-IP]", "X-Client",
     "got \"X-Client\", expected X-Forwarded-For, Forwarded, X-Real-IP, or a list of them")
CASE("gateway.identity.keyFrom", IN("identity"), "['header:X-Key', 'query:key']", "address",
     "got \"address\", expected header:NAME, query:NAME or cookie:NAME, or a list of them")
CASE("gateway.headers", GATEWAY, "{}", "x", "got \"x\", " A_MAPPING)
CASE("gateway.headers.forwarded", IN("headers"), "both", "rfc723",
     "got \"rfc723\", expected one of none, x, rfc7239, both; did you mean \"rfc7239\"?")
CASE("gateway.headers.via", IN("headers"), "true", "1", "got \"1\", expected on or off")
CASE("gateway.headers.requestId", IN("headers"), "''", "'X Y'", "got \"X Y\", expected the name of a header, or \"\"")
CASE("gateway.headers.originHost", IN("headers"), "off", "no", "got \"no\", expected on or off")
CASE("gateway.headers.strip", IN("headers"), "[X-User]", "'X Y'", "got \"X Y\", expected the name of a header, or a list of them")
CASE("gateway.resolver", GATEWAY, "{tries: 1}", "192.0.2.1", "got \"192.0.2.1\", " A_MAPPING)
CASE("gateway.resolver.servers", IN("resolver"), "[192.0.2.1, '[2001:db8::1]:5353']", "'ns.example.com'",
     "got \"ns.example.com\", expected an address such as 192.0.2.1 or [2001:db8::1]:5353, or a list of them")
CASE("gateway.resolver.timeout", IN("resolver"), "500ms", "0", "got \"0\", " A_DURATION "from 10ms to 1m")
CASE("gateway.resolver.tries", IN("resolver"), "1", "0", "got \"0\", expected a whole number from 1 to 10")
CASE("gateway.resolver.minTtl", IN("resolver"), "50ms", "soon", "got \"soon\", " A_DURATION "from 10ms to 1d")
CASE("gateway.resolver.maxTtl", IN("resolver"), "5m", "2d", "got \"2d\", " A_DURATION "from 10ms to 1d")
CASE("gateway.resolver.hold", IN("resolver"), "0", "never", "got \"never\", " A_DURATION "at most 365d")
CASE("gateway.drainDelay", GATEWAY, "5s", "2d", "got \"2d\", " A_DURATION "at most 1d")
CASE("gateway.drainTimeout", GATEWAY, "1d", "soon", "got \"soon\", " A_DURATION "at most 1d")
CASE("gateway.log", GATEWAY, "{}", "stderr", "got \"stderr\", " A_MAPPING)
CASE("gateway.log.level", IN("log"), "debug", "wran",
     "got \"wran\", expected one of debug, info, warn, error; did you mean \"warn\"?")
CASE("gateway.log.format", IN("log"), "json", "xml", "got \"xml\", expected one of text, json")
CASE("gateway.log.file", IN("log"), "gateway.log", "''", "got \"\", expected stderr, or a file")
CASE("gateway.errors", GATEWAY, "{}", "json", "got \"json\", " A_MAPPING)
CASE("gateway.errors.json", IN("errors"), "off", "never", "got \"never\", expected one of auto, on, off")

CASE("routes", ROOT, "there.lua", "[]", "got a list, expected a Lua file or a folder of them")
CASE("generatedRoutes", ROOT, "off", "none", "got \"none\", expected on or off")
CASE("plugins", ROOT, "{}", "folder", "got \"folder\", " A_MAPPING)
CASE("plugins.dir", TOP("plugins"), "folder", "''", "got \"\", expected a folder")
CASE("plugins.trusted", TOP("plugins"), "[jwt, a.b]", "{}", "got a mapping, expected the name of a plugin, or a list of them")
CASE("plugins.specs", TOP("plugins"), "on", "maybe", "got \"maybe\", expected on or off")
CASE("lua", ROOT, "{}", "[]", "got a list, " A_MAPPING)
CASE("lua.budget", TOP("lua"), "20ms", "2m", "got \"2m\", " A_DURATION "at most 1m")
CASE("lua.memory", TOP("lua"), "128m", "1k", "got \"1k\", " A_SIZE ", from 1m to 4g")
CASE("lua.jit", TOP("lua"), "off", "fast", "got \"fast\", expected on or off")
CASE("reload", ROOT, "{}", "on", "got \"on\", " A_MAPPING)
CASE("reload.watch", TOP("reload"), "off", "''", "got \"\", expected on or off")

CASE("services", ROOT, "[]", "{name: x}", "got a mapping, expected a list of services, each with name and instances")
CASE("services[0].name", "gateway: {port: ':0'}\nservices: [{instances: 'http://127.0.0.1', @}]\n", "user-service", "a/b",
     "got \"a/b\", " A_NAME)
CASE("services[0].path", SERVICE, "/api/", "/a/*",
     "got \"/a/*\", expected a path such as /api/users, which stands for itself: no \"*\", \":name\", \"%\", \".\", \"..\" or "
     "empty segment")
CASE("services[0].stripPath", SERVICE, "off", "keep", "got \"keep\", expected on or off")
CASE("services[0].preserveHost", SERVICE, "on", "[]", "got a list, expected on or off")
CASE("services[0].rewriteLocation", SERVICE, "off", "none", "got \"none\", expected on or off")
CASE("services[0].rewriteCookiePath", SERVICE, "off", "/", "got \"/\", expected on or off")
CASE("services[0].upgrade", SERVICE, "off", "websocket", "got \"websocket\", expected on or off")
CASE("services[0].proxyProtocol", SERVICE, "v1", "v3", "got \"v3\", expected one of off, v1, v2; did you mean \"v1\"?")
CASE("services[0].instances", "gateway: {port: ':0'}\nservices: [{name: x, @}]\n", "['http://127.0.0.1:1']", "[]",
     "empty, expected at least one URL such as http://host:8080")
CASE("services[0].instances[0].url", "gateway: {port: ':0'}\nservices: [{name: x, instances: [{@}]}]\n", "'http://127.0.0.1:1'",
     "[]", "got a list, expected a URL such as http://host:8080")
CASE("services[0].instances[0].weight",
     "gateway: {port: ':0'}\nservices: [{name: x, instances: [{url: 'http://127.0.0.1', @}]}]\n", "65535", "0",
     "got \"0\", expected a whole number from 1 to 65535")
CASE("services[0].instances[0].backup",
     "gateway: {port: ':0'}\nservices: [{name: x, instances: [{url: 'http://127.0.0.1', @}]}]\n", "on", "[]",
     "got a list, expected on or off")
CASE("services[0].strategy", SERVICE, "weighted_round_robin", "round_robbin",
     "got \"round_robbin\", expected one of round_robin, weighted_round_robin, least_connections, random_two, peak_ewma, consistent_hash, lua; did you mean \"round_robin\"?")
CASE("services[0].hashOn", SERVICE, "header:X-User", "headers:X",
     "got \"headers:X\", expected identity, address, path, header:NAME, cookie:NAME or query:NAME")
CASE("services[0].sticky", SERVICE, "{cookie: route}", "route", "got \"route\", " A_MAPPING)
CASE("services[0].sticky.cookie", SERVICE_IN("sticky"), "route", "'a b'",
     "got \"a b\", expected the name of a cookie, such as route")
CASE("services[0].sticky.maxAge", STICKY, "1h", "-1", "got \"-1\", " A_DURATION "at most 365d")
CASE("services[0].sticky.path", STICKY, "/shop", "'/;'", "got \"/;\", expected a path such as /")
CASE("services[0].sticky.domain", STICKY, "example.com", "'a;b'", "got \"a;b\", expected a domain such as example.com")
CASE("services[0].sticky.secure", STICKY, "on", "maybe", "got \"maybe\", expected on or off")
CASE("services[0].sticky.httpOnly", STICKY, "off", "[]", "got a list, expected on or off")
CASE("services[0].sticky.sameSite", STICKY, "strict", "loose", "got \"loose\", expected one of lax, strict, none")
CASE("services[0].sticky.secret", STICKY, "0123456789abcdef", "short", "expected text of 16 to 1024 bytes")
CASE("services[0].slowStart", SERVICE, "30s", "slow", "got \"slow\", " A_DURATION "at most 365d")
CASE("services[0].timeouts", SERVICE, "{}", "1s", "got \"1s\", " A_MAPPING)
CASE("services[0].timeouts.connect", SERVICE_IN("timeouts"), "250ms", "0", "got \"0\", " A_DURATION "from 1ms to 365d")
CASE("services[0].timeouts.firstByte", SERVICE_IN("timeouts"), "5s", "x", "got \"x\", " A_DURATION "at most 365d")
CASE("services[0].timeouts.idle", SERVICE_IN("timeouts"), "5s", "1s 2s", "got \"1s 2s\", " A_DURATION "at most 365d")
CASE("services[0].timeouts.total", SERVICE_IN("timeouts"), "1m", "{}", "got a mapping, " A_DURATION "at most 365d")
CASE("services[0].pool", SERVICE, "{}", "64", "got \"64\", " A_MAPPING)
CASE("services[0].pool.idle", SERVICE_IN("pool"), "0", "65536", "got \"65536\", expected a whole number from 0 to 65535")
CASE("services[0].pool.idleTimeout", SERVICE_IN("pool"), "60s", "0", "got \"0\", " A_DURATION "from 1ms to 365d")
CASE("services[0].pool.minIdle", SERVICE_IN("pool"), "2", "-1", "got \"-1\", expected a whole number from 0 to 65535")
CASE("services[0].pool.max", SERVICE_IN("pool"), "100", "many", "got \"many\", expected a whole number from 0 to 1000000")
CASE("services[0].retries", SERVICE, "{}", "2", "got \"2\", " A_MAPPING)
CASE("services[0].retries.tries", SERVICE_IN("retries"), "1", "0", "got \"0\", expected a whole number from 1 to 16")
CASE("services[0].retries.perTry", SERVICE_IN("retries"), "2s", "[1s]", "got a list, " A_DURATION "at most 365d")
CASE("services[0].retries.on", SERVICE_IN("retries"), "[reset]", "conect",
     "got \"conect\", expected connect, reset, timeout, or a list of them; did you mean \"connect\"?")
CASE("services[0].retries.statuses", SERVICE_IN("retries"), "[429, 502-504]", "ok",
     "got \"ok\", expected a status such as 503, a range such as 500-599, or a list of them")
CASE("services[0].retries.budget", SERVICE_IN("retries"), "50%", "on",
     "got \"on\", expected a share such as 0.2 or 20%, from 0 to 1, or off")
CASE("services[0].retries.backoff", SERVICE_IN("retries"), "{}", "1s", "got \"1s\", " A_MAPPING)
CASE("services[0].retries.backoff.base", BACKOFF, "0", "2w", "got \"2w\", " A_DURATION "at most 1d")
CASE("services[0].retries.backoff.max", BACKOFF, "1s", "2d", "got \"2d\", " A_DURATION "at most 1d")
CASE("services[0].retries.idempotent", SERVICE_IN("retries"), "Idempotency-Key", "'a b'",
     "got \"a b\", expected on, off, or the name of a header such as Idempotency-Key")
CASE("services[0].retries.keep", SERVICE_IN("retries"), "1m", "2g", "got \"2g\", " A_SIZE ", from 0 to 1g")
CASE("services[0].queue", SERVICE, "{}", "2", "got \"2\", " A_MAPPING)
CASE("services[0].queue.max", SERVICE_IN("queue"), "0", "-1", "got \"-1\", expected a whole number from 0 to 1000000")
CASE("services[0].queue.timeout", SERVICE_IN("queue"), "2s", "0", "got \"0\", " A_DURATION "from 1ms to 365d")
CASE("services[0].instances[0].discover",
     "gateway: {port: ':0'}\nservices: [{name: x, instances: [{url: 'http://localhost', @}]}]\n", "addresses", "dns",
     "got \"dns\", expected one of off, addresses, srv")
CASE("services[0].instances[0].discoverMax",
     "gateway: {port: ':0'}\nservices: [{name: x, instances: [{url: 'http://localhost', @}]}]\n", "250", "251",
     "got \"251\", expected a whole number from 1 to 250")
CASE("services[0].concurrency", SERVICE, "{limit: 5}", "5", "got \"5\", " A_MAPPING)
CASE("services[0].concurrency.limit", SERVICE_IN("concurrency"), "5", "0",
     "got \"0\", expected auto, or a whole number from 1 to 1000000")
CASE("services[0].concurrency.min", LEARNED, "1", "0", "got \"0\", expected a whole number from 1 to 1000000")
CASE("services[0].concurrency.max", LEARNED, "4", "0", "got \"0\", expected a whole number from 1 to 1000000")
CASE("services[0].concurrency.initial", LEARNED, "9", "0", "got \"0\", expected a whole number from 1 to 1000000")
CASE("services[0].concurrency.tolerance", LEARNED, "10%", "9%",
     "got \"9%\", expected a share such as 0.5 or 50%, from 0.1 to 1")
CASE("services[0].priority", SERVICE, "high", "hihg", "got \"hihg\", expected one of low, normal, high; did you mean \"high\"?")
CASE("services[0].instances[0].maxConnections",
     "gateway: {port: ':0'}\nservices: [{name: x, instances: [{url: 'http://127.0.0.1', @}]}]\n", "100", "all",
     "got \"all\", expected a whole number from 0 to 1000000")
CASE("services[0].breaker", SERVICE, "off", "never", "got \"never\", expected a mapping of keys, or on or off")
CASE("services[0].breaker.minRequests", SERVICE_IN("breaker"), "10", "0", "got \"0\", expected a whole number from 1 to 1000000")
CASE("services[0].breaker.failureRatio", SERVICE_IN("breaker"), "60%", "0",
     "got \"0\", expected a share such as 0.6 or 60%, above 0 and at most 1")
CASE("services[0].breaker.window", SERVICE_IN("breaker"), "1m", "1ms", "got \"1ms\", " A_DURATION "from 100ms to 1d")
CASE("services[0].breaker.openFor", SERVICE_IN("breaker"), "1m", "0", "got \"0\", " A_DURATION "from 10ms to 1d")
CASE("services[0].breaker.maxOpenFor", SERVICE_IN("breaker"), "10m", "0", "got \"0\", " A_DURATION "from 10ms to 1d")
CASE("services[0].breaker.probes", SERVICE_IN("breaker"), "1", "64", "got \"64\", expected a whole number from 1 to 63")
CASE("services[0].breaker.statuses", SERVICE_IN("breaker"), "[429, 500-503]", "599-500",
     "got \"599-500\", expected a status such as 503, a range such as 500-599, or a list of them")
#define HEALTH_IN                                                                                  \
    "gateway: {port: ':0'}\nservices: [{name: x, instances: 'http://127.0.0.1', "               \
    "health: {path: /health, @}}]\n"
CASE("services[0].health", SERVICE, "{}", "/health", "got \"/health\", " A_MAPPING)
CASE("services[0].health.type", SERVICE_IN("health"), "tcp", "udp",
     "got \"udp\", expected one of http, tcp")
CASE("services[0].health.path", SERVICE_IN("health"), "/health?full=1", "health",
     "got \"health\", expected a path such as /health, with a query if need be, without spaces and #")
CASE("services[0].health.host", HEALTH_IN, "users.internal:80", "'a b'",
     "got \"a b\", expected a host such as users.internal, with :port if need be")
CASE("services[0].health.headers", HEALTH_IN, "{X-Check: '1'}", "[a]",
     "got a list, expected a mapping of names and values of headers")
CASE("services[0].health.statuses", HEALTH_IN, "[200-299, 404]", "ok",
     "got \"ok\", expected a status such as 503, a range such as 500-599, or a list of them")
CASE("services[0].health.body", HEALTH_IN, "'\"status\":\"UP\"'", "''",
     "got \"\", expected text that must occur in the response, at most 1024 bytes")
CASE("services[0].health.interval", SERVICE_IN("health"), "1m", "1ms", "got \"1ms\", " A_DURATION "from 10ms to 1d")
CASE("services[0].health.timeout", SERVICE_IN("health"), "1s", "0", "got \"0\", " A_DURATION "from 1ms to 1h")
CASE("services[0].health.jitter", SERVICE_IN("health"), "0", "2",
     "got \"2\", expected a share such as 0.2 or 20%, from 0 to 1")
CASE("services[0].health.rise", SERVICE_IN("health"), "1", "0", "got \"0\", expected a whole number from 1 to 1000")
CASE("services[0].health.fall", SERVICE_IN("health"), "1", "0", "got \"0\", expected a whole number from 1 to 1000")
CASE("services[0].panicThreshold", SERVICE, "0", "101%",
     "got \"101%\", expected a share such as 0.2 or 20%, from 0 to 1")
CASE("services[0].plugins", SERVICE, "[client-id, rate-limit: {rate: 100/s}]", "{a: 1}",
     "got a mapping, expected a plugin's name or one name: settings, or a list of them")

CASE("consumers", ROOT, "[{name: alice}]", "alice",
     "got \"alice\", expected a list of consumers, each with a name; or file: with the path of such a list")
CASE("consumers[0].name", CONSUMERS, "'alice@example.com'", "'a:b'", "got \"a:b\", " A_WORD)
CASE("consumers[0].keys", CONSUMER, "['0123456789']", "{a: b}", "got a mapping, " A_KEY ", or a list of them")
CASE("consumers[0].password", CONSUMER, "'$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.'",
     "secret", "not the hash of a password, expected a hash as `mkpasswd` or `openssl passwd -6` prints it: $y$, $gy$, $7$, $2b$, $6$ or $5$")
CASE("consumers[0].groups", CONSUMER, "[staff]", "{a: b}", "got a mapping, expected a list of names, each 1 to 128 visible characters without \" \\ , : and ;")
CASE("consumers[0].limits", CONSUMER, "{}", "10", "got \"10\", " A_MAPPING)
CASE("consumers[0].limits.rate", CONSUMER_LIMITS, "10/30s", "fast", "got \"fast\", expected a rate such as 100/s, 5000/h or 10/30s")
CASE("consumers[0].limits.burst", CONSUMER_LIMITS, "5", "0", "got \"0\", expected a whole number from 1 to 1000000")
CASE("consumers[0].metadata", CONSUMER, "{plan: gold}", "gold", "not metadata, expected a mapping of names to texts of at most 4096 bytes")
CASE("rateLimit", ROOT, "{requestsPerSecond: 1}", "100", "got \"100\", " A_MAPPING)
CASE("rateLimit.requestsPerSecond", TOP("rateLimit"), "100", "0.5", "got \"0.5\", " A_LIMIT)
CASE("rateLimit.limit", "gateway: {port: ':0'}\nrateLimit: {window: 1m, @}\n", "100", "0", "got \"0\", " A_LIMIT)
CASE("rateLimit.window", "gateway: {port: ':0'}\nrateLimit: {limit: 1, @}\n", "1m", "0", "got \"0\", " A_DURATION "from 1ms to 365d")
CASE("rateLimit.limits", TOP("rateLimit"), "[10/s, 500/m]", "fast",
     "got \"fast\", expected 1 to 8 rates such as 10/s or 5000/h")
CASE("rateLimit.bandwidth", TOP("rateLimit"), "1m", "fast", "got \"fast\", " A_SIZE ", from 0 to 512g")
CASE("rateLimit.headers", LIMIT, "off", "maybe", "got \"maybe\", expected on or off")
CASE("rateLimit.dryRun", LIMIT, "on", "maybe", "got \"maybe\", expected on or off")
CASE("rateLimit.status", LIMIT, "503", "200",
     "got \"200\", expected a whole number from 400 to 599")
CASE("rateLimit.message", LIMIT, "'Later, please'", "\"a\\nb\"",
     "got \"a\\nb\", expected a line of at most 200 bytes")
CASE("rateLimit.burstSize", LIMIT, "10", "0", "got \"0\", " A_LIMIT)
CASE("rateLimit.algorithm", LIMIT, "gcra", "grca",
     "got \"grca\", expected one of gcra, sliding_window, sliding_log, fixed_window; did you mean \"gcra\"?")
CASE("rateLimit.entries", LIMIT, "64", "63", "got \"63\", expected a whole number from 64 to 67108864")
CASE("rateLimit.key", LIMIT, "identity", "header:X", "got \"header:X\", expected identity")
CASE("rateLimit.redisURL", LIMIT, "'unix:/run/redis.sock'", "'http://x:secret@y'",
     "not the address of a Redis, expected redis://host:6379 or unix:/path")
CASE("rateLimit.timeout", LIMIT, "10ms", "0", "got \"0\", " A_DURATION "from 1ms to 1m")
CASE("rateLimit.name", LIMIT, "edge-1", "a:b",
     "got \"a:b\", expected a name of letters, digits, \"-\", \"_\" and \".\", at most 64")
CASE("rateLimit.onDown", LIMIT, "deny", "refuse", "got \"refuse\", expected one of local, allow, deny")
CASE("rateLimit.lease", LIMIT, "10", "11", "more than may pass at once, expected a part of it")
CASE("rateLimit.stateHeader", LIMIT, "''", "X Y", "got \"X Y\", expected the name of a header, or \"\"")
/* clang-format on */
