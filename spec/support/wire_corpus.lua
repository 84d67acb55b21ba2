-- SPDX-License-Identifier: Apache-2.0
-- Good messages of all kinds, from which mutations are made.

local M = {}


M.requests = {
  "GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nCookie: d=e\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world",
  "PUT /a/b/../c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    .. "5;x=\"y\"\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
  "GET http://a.test:80/%41 HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n",
  "HEAD / HTTP/1.0\r\nHost: [::1]:8080\r\nConnection: keep-alive\r\n\r\n",
  "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabcGET /y HTTP/1.1\r\nHost: b.test\r\n\r\n",
  "DELETE /x HTTP/1.1\r\nHost: a.test\r\n\r\nGET /z HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n",
}

M.responses = {
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
  "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n",
  "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
}


return M
