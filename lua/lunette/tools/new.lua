-- SPDX-License-Identifier: Apache-2.0
-- tools/new.lua - `lunette new plugin NAME [DIR]`: a plugin, its spec and its page, to begin with.
--
-- What is written passes `lunette test` and luacheck at once, and shows by example how a plugin is made. Nothing is
-- overwritten.

local docs = require "lunette.docs"
local files = require "lunette.tools.files"
local host = require "lunette.host"
local text = require "lunette.schema_text"

local M = {}

local NAME_MAX = 64

local PLUGIN = [==[
-- Lets requests pass that bring a header, and answers the others itself.
local p = plugin "@NAME@" {
  version = "0.1.0",
  api     = 1,
  schema  = {
    header = t.header_name { default = "X-Api-Key", help = "Requests must bring this header." },
    status = t.integer { default = 401, min = 400, max = 499, help = "The answer to requests without it." },
    mark   = t.boolean { default = true, help = "Whether responses say that the request has passed." },
  },
}


-- Once per use and worker: what can be prepared is prepared here, and kept in self.
function p:init()
  self.refusal = { error = ("the header %s is missing"):format(self.conf.header) }
end


-- Before the service is asked. What it returns is the answer; with nothing, the request goes on.
function p:request(req, res)
  if not req.headers[self.conf.header] then
    return self.conf.status, self.refusal -- a table becomes JSON
  end
  req.ctx.passed = true -- req.ctx is empty for each request, and for all handlers of it
end


-- The head of the response is here, and nothing is sent.
function p:response(req, res)
  if self.conf.mark then res.headers["X-Passed"] = self.name end
end


-- After the last byte.
function p:log(req, res)
  if not req.ctx.passed then log.info("refused", { path = req.path, client = req.client.id }) end
end


return p
]==]

local SPEC = [==[
-- plugins/@NAME@.lua
local gate = require "lunette.spec"


describe("@NAME@", function()
  local p

  before_each(function()
    gate.reset() -- the clock at its start, nothing stored, nothing logged
    p = gate.plugin("@NAME@", { header = "X-Token" })
  end)

  it("lets a request with the header pass", function()
    local out = gate.request(p, { headers = { ["X-Token"] = "t1" } })
    assert.is_nil(out.status) -- nil: it goes on to the service
  end)

  it("refuses a request without it", function()
    local out = gate.request(p, "GET /users/7")
    assert.equal(401, out.status)
    assert.same({ error = "the header X-Token is missing" }, out:json())
  end)

  it("marks the response", function()
    local out = gate.response(p, { headers = { ["X-Token"] = "t1" } }, { status = 200 })
    assert.equal("@NAME@", out.headers["X-Passed"])
  end)

  it("leaves the response alone when it is told to", function()
    p = gate.plugin("@NAME@", { mark = false })
    local out = gate.response(p, { headers = { ["X-Api-Key"] = "k1" } }, { status = 200 })
    assert.is_nil(out.headers["X-Passed"])
  end)

  it("writes down whom it has refused", function()
    gate.log(gate.request(p, { path = "/users/7", ip = "192.0.2.1" }))
    assert.same({ path = "/users/7", client = "192.0.2.1" }, {
      path = gate.logged()[1].fields.path, client = gate.logged()[1].fields.client,
    })
  end)

  it("explains a wrong setting", function()
    assert.has_error(function() gate.plugin("@NAME@", { status = 200 }) end,
      "@NAME@:\n  status: expected an integer from 400 to 499, got 200 (number)")
  end)

  it("is described as it is", function() -- lunette docs @NAME@ > @PAGE@
    local file = assert(io.open("@PAGE@"))
    local page = file:read("*a")
    file:close()
    assert.equal(gate.docs("@NAME@"), page)
  end)
end)
]==]


local function usage(message)
  io.stderr:write("lunette new: ", message, "\nusage: lunette new plugin NAME [DIR]\n")
  return 2
end


local function refuse(message)
  io.stderr:write("lunette new: ", message, "\n")
  return 1
end


-- Why no plugin can be called that; nil when one can.
local function bad_name(name)
  if #name > NAME_MAX then return ("the name has %d characters, at most %d"):format(#name, NAME_MAX) end
  if not name:find("^%l[%l%d-]*$") or name:find("%-$") or name:find("--", 1, true) then
    return ("expected a name of small letters, digits and hyphens, such as \"api-key\", got %s")
      :format(text.quote(name))
  end
  for _, path in ipairs(host.embedded_names("plugins/")) do
    if path == ("plugins/%s.lua"):format(name) then
      return ("%s is a standard plugin; one in your folder would take its place"):format(text.quote(name))
    end
  end
end


-- The files of a plugin, in the order in which one reads them: { path, text }.
function M.files(name)
  local page = ("docs/plugins/%s.md"):format(name)
  local words = { NAME = name, PAGE = page }
  local function fill(template) return (template:gsub("@(%u+)@", words)) end
  local plugin = { path = ("plugins/%s.lua"):format(name), text = fill(PLUGIN) }
  return {
    plugin,
    { path = ("spec/plugins/%s_spec.lua"):format(name), text = fill(SPEC) },
    { path = page, text = docs.plugin_of_source(plugin) },
  }
end


local function find_taken(folder, name, list)
  for _, file in ipairs(list) do
    if files.exists(files.join(folder, file.path)) then return files.join(folder, file.path) end
  end
  local other = files.join(folder, ("plugins/%s/init.lua"):format(name))
  return files.exists(other) and other
end


local function make_plugin(name, folder)
  local wrong = bad_name(name)
  if wrong then return refuse(wrong) end
  if not files.exists(folder) then return refuse("there is no folder " .. folder) end
  local list = M.files(name)
  local taken = find_taken(folder, name, list)
  if taken then return refuse(taken .. " is there already; nothing was written") end
  for _, file in ipairs(list) do
    local path = files.join(folder, file.path)
    local ok, why = files.write(path, file.text)
    if not ok then return refuse(why) end
    io.stdout:write("wrote ", path, "\n")
  end
  io.stdout:write(("\nTest it:  %slunette test %s\nUse it:   use %q { header = \"X-Api-Key\" }   in a route\n"):format(
    folder == "." and "" or ("cd %s && "):format(folder), list[2].path, name))
  return 0
end


function M.main(args)
  local kind, name, folder = args[1], args[2], args[3] or "."
  if kind ~= "plugin" then
    return usage(kind and ("there is no kind %s%s"):format(text.quote(kind), text.hint(kind, { "plugin" }))
      or "what shall be made?")
  end
  if not name then return usage("the name of the plugin is missing") end
  if args[4] then return usage("unexpected argument " .. args[4]) end
  return make_plugin(name, folder)
end


return M
