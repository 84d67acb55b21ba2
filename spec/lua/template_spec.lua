-- SPDX-License-Identifier: Apache-2.0
-- Settings of the type t.template on real requests: what can stand between braces, and how it is escaped.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"


local function plugin(template, options)
  return probe.plugin("probe", ([[
local p = plugin "probe" { version = "1.0.0", api = 1, schema = { text = t.template { %s } } }
function p:request(req)
  req.ctx.user, req.ctx.count = "<ann>", 3
  return 200, self.conf.text(req)
end
return p
]]):format(options or ""), { text = template })
end

local REQUEST = {
  method = "POST", path = "/a%20b", query = "q=x%26y&r=1", host = "example.com", ip = "192.0.2.7", client_id = "ann&co",
  headers = { ["X-Tag"] = 'say "hi"', Cookie = "sid=7/8" }, params = { id = "a b", rest = "x/y z" },
}


local function said(template, options)
  return gate.request(plugin(template, options), REQUEST).body
end


local function fault(template, options)
  local _, why = pcall(plugin, template, options)
  return why
end


describe("a template", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("reads everything that the request says", function()
    assert.equal("POST /a%20b?q=x%26y&r=1 example.com http 1.1 8080 main req-1",
      said("{req.method} {req.path}?{req.query} {req.host} {req.scheme} {req.version} {req.port} {req.listener} "
        .. "{req.id}"))
    assert.equal("ann&co 192.0.2.7 192.0.2.7", said "{client.id} {client.ip} {client.peer}")
    assert.equal('{a b|x&y|say "hi"|7/8|<ann>|3',
      said "{{{req.params.id}|{req.args.q}|{req.headers.x-tag}|{req.cookies.sid}|{req.ctx.user}|{req.ctx.count}")
  end)

  it("has no text for what is not there", function()
    assert.equal("[]", said "[{req.args.none|json}{req.params.none}]")
  end)

  it("escapes as a name asks for", function()
    assert.equal("a%20b x/y%20z", said "{req.params.id|url} {req.params.rest|path}")
    assert.equal([[{"tag":"say \"hi\""}]], said [[{{"tag":"{req.headers.X-Tag|json}"}]])
    assert.equal("&lt;ann&gt;", said "{req.ctx.user|html}")
  end)

  it("escapes as the setting asks for, but for a name that says otherwise", function()
    assert.equal("a%20b a b", said("{req.params.id} {req.params.id|raw}", 'escape = "url"'))
    assert.equal("x/y%20z", said("{req.params.rest|path}", 'escape = "url"'))
  end)

  it("does not escape for a URL what comes from one", function()
    assert.equal("http://example.com/a%20b?q=x%26y&r=1",
      said("{req.scheme}://{req.host}{req.path}?{req.query}", 'escape = "url"'))
    assert.equal("ann%26co", said("{client.id}", 'escape = "url"'))
  end)

  it("says where it is wrong", function()
    local head = 'probe:\n  text: expected a template such as "{client.id}:{req.path}": '
    assert.equal(head .. 'column 5: unknown name "req.pth"; did you mean "req.path"?', fault "id={req.pth}")
    assert.equal(head .. 'column 3: a "{" without its "}"; a brace itself is "{{"', fault "a {req.path")
    assert.equal(head .. 'column 2: unknown escape "htlm": expected one of "html", "json", "path", "url" or "raw"',
      fault "{req.path|htlm}")
    assert.equal(head .. "column 361: at most 40 names are possible", fault(("{req.id} "):rep(41)))
    assert.equal("probe:\n  text: expected a template such as \"{client.id}:{req.path}\", got 5 (number)", fault(5))
  end)

  it("knows which escapes there are when it is declared", function()
    assert.truthy(fault("x", 'escape = "xml"'):find(
      't.template: escape: expected one of "html", "json", "path" or "url", got "xml" (string)', 1, true))
  end)
end)
