-- SPDX-License-Identifier: Apache-2.0
-- Plugins that are written in the spec itself, so that their code runs inside the sandbox like anybody's.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local M = {}

local HEAD = 'local p = plugin "%s" { version = "1.0.0", api = 1, schema = { %s } }\n'


-- A plugin from its text; `name` is its file's name, too.
function M.plugin(name, text, settings)
  files.write(name .. ".lua", text)
  gate.plugins(files.folder())
  return gate.plugin(name, settings)
end


-- A plugin with one handler, whose body begins in line 3 of NAME.lua. options: name, settings, schema, init.
function M.handler(handler, body, options)
  options = options or {}
  local name = options.name or "probe"
  local text = HEAD:format(name, options.schema or "")
    .. ("function p:%s(req, res)\n%s\nend\n"):format(handler, body)
    .. (options.init and ("function p:init()\n%s\nend\n"):format(options.init) or "")
    .. "return p\n"
  return M.plugin(name, text, options.settings)
end


-- What the body of a request handler returns for a request.
function M.run(body, request)
  return gate.request(M.handler("request", body), request)
end


function M.reset()
  files.clean()
  gate.reset()
end


return M
