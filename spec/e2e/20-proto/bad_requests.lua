-- SPDX-License-Identifier: Apache-2.0
-- Requests that must be refused, with the status: { name, bytes, status }. No status: 400.

local H = "Host: x\r\n"


local function get(fields)
  return "GET / HTTP/1.1\r\n" .. H .. fields .. "\r\n"
end


local function post(fields, body)
  return "POST / HTTP/1.1\r\n" .. H .. fields .. "\r\n" .. (body or "")
end


local function target(text)
  return "GET " .. text .. " HTTP/1.1\r\n" .. H .. "\r\n"
end


return {
  -- Host
  { "no Host", "GET / HTTP/1.1\r\n\r\n" },
  { "two Hosts", get "Host: y\r\n" },
  { "the same Host twice", get(H) },
  { "two Hosts in one line", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" },
  { "a space in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
  { "a path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" },
  { "user information in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n" },
  { "a port that is no number", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n" },
  { "a port out of range", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n" },
  { "two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n" },
  { "an open bracket in Host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n" },
  { "no address in brackets", "GET / HTTP/1.1\r\nHost: [zz]\r\n\r\n" },
  { "a query in Host", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n" },
  { "a bad escape in Host", "GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n" },
  { "Host and target differ", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n" },

  -- line ends
  { "bare LFs", "GET / HTTP/1.1\nHost: x\n\n" },
  { "a bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n" },
  { "a bare LF after a field", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n" },
  { "a bare LF as the empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n" },
  { "a bare CR after a field", "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n" },
  { "a bare CR in a value", get "A: b\rc\r\n" },
  { "a CR before CRLF", get "A: b\r\r\n" },
  { "a folded field (space)", get "A: b\r\n c\r\n" },
  { "a folded field (tab)", get "A: b\r\n\tc\r\n" },
  { "a folded first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n" },

  -- names and values
  { "a space before the colon", get "A : b\r\n" },
  { "a tab before the colon", get "A\t: b\r\n" },
  { "a space before the colon of Content-Length", post("Content-Length : 5\r\n", "hello") },
  { "an empty name", get ": b\r\n" },
  { "no colon", get "A b\r\n" },
  { "a name with a space", get "A B: c\r\n" },
  { "a name with a parenthesis", get "A(B): c\r\n" },
  { "a name with a quote", get 'A"B: c\r\n' },
  { "a name with a slash", get "A/B: c\r\n" },
  { "a name with a byte above 127", get "\195\169: c\r\n" },
  { "a name with NUL", get "A\0B: c\r\n" },
  { "a value with NUL", get "A: b\0c\r\n" },
  { "a value with a control character", get "A: b\1c\r\n" },
  { "a value with a vertical tab", get "A: b\11c\r\n" },
  { "a value with DEL", get "A: b\127c\r\n" },
  { "Connection that is no list of tokens", get "Connection: a b\r\n" },

  -- framing
  { "both lengths and codings", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") },
  { "both codings and lengths", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n") },
  { "Content-Length twice", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello") },
  { "the same Content-Length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello") },
  { "a list of Content-Lengths", post("Content-Length: 5, 5\r\n", "hello") },
  { "Content-Length with a plus", post("Content-Length: +5\r\n", "hello") },
  { "a negative Content-Length", post "Content-Length: -1\r\n" },
  { "a hexadecimal Content-Length", post("Content-Length: 0x5\r\n", "hello") },
  { "an empty Content-Length", post "Content-Length:\r\n" },
  { "Content-Length with letters", post("Content-Length: 5a\r\n", "hello") },
  { "Content-Length with a point", post("Content-Length: 5.0\r\n", "hello") },
  { "Content-Length with a space inside", post("Content-Length: 1 1\r\n", "hello hello") },
  { "a Content-Length beyond 64 bits", post "Content-Length: 18446744073709551616\r\n" },
  { "Transfer-Encoding: identity", post "Transfer-Encoding: identity\r\n" },
  { "Transfer-Encoding: gzip", post "Transfer-Encoding: gzip\r\n" },
  { "gzip before chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n") },
  { "chunked before gzip", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n") },
  { "chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n") },
  { "Transfer-Encoding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "0\r\n\r\n") },
  { "a word that only ends in chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n") },
  { "chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n") },
  { "chunked in quotes", post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n") },
  { "an empty Transfer-Encoding", post "Transfer-Encoding:\r\n" },
  { "chunked after a control character", post("Transfer-Encoding: \11chunked\r\n", "0\r\n\r\n") },
  { "Transfer-Encoding in HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },

  -- request line
  { "nothing but a word", "HELLO\r\n\r\n" },
  { "no version", "GET /\r\nHost: x\r\n\r\n" },
  { "two spaces before the target", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n" },
  { "two spaces before the version", "GET /  HTTP/1.1\r\nHost: x\r\n\r\n" },
  { "a space after the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n" },
  { "a tab for a space", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n" },
  { "a space before the method", " GET / HTTP/1.1\r\nHost: x\r\n\r\n" },
  { "HTTP/1", "GET / HTTP/1\r\nHost: x\r\n\r\n" },
  { "HTTP/1.10", "GET / HTTP/1.10\r\nHost: x\r\n\r\n" },
  { "http in lower case", "GET / http/1.1\r\nHost: x\r\n\r\n" },
  { "another protocol", "GET / RTSP/1.0\r\nHost: x\r\n\r\n" },
  { "HTTP/0.9", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505 },
  { "HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
  { "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
  { "a TLS hello", "\22\3\1\2\0\1\0\1\252\3\3" .. ("x"):rep(200) },
  { "an unknown method", "FETCH / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
  { "a method in lower case", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
  { "a method that is no token", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n" },
  { "TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
  { "CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 501 },

  -- targets
  { "a target without a slash", target "index" },
  { "a space in the target", target "/a b" },
  { "a fragment", target "/a#b" },
  { "a byte above 127", target "/caf\195\169" },
  { "NUL in the target", target "/a\0b" },
  { "DEL in the target", target "/a\127" },
  { "an angle bracket", target "/<a>" },
  { "a quote", target '/"a"' },
  { "a backslash", target "/a\\b" },
  { "a brace", target "/{a}" },
  { "a pipe", target "/a|b" },
  { "a caret", target "/a^b" },
  { "a backtick", target "/a`b" },
  { "an escape that is none", target "/%zz" },
  { "half an escape", target "/a%2" },
  { "a bad escape in the query", target "/?a=%" },
  { "a bracket in the path", target "/a[1]" },
  { "GET *", target "*" },
  { "a path above the root", target "/a/../../b" },
  { "a path above the root, escaped", target "/%2e%2e/b" },
  { "dots behind an escaped slash", target "/a/..%2fb" },
  { "another scheme", target "ftp://x/" },
  { "user information in the target", target "http://u:p@x/" },
  { "no authority", target "http:///a" },
}
