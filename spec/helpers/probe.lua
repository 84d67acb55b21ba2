-- SPDX-License-Identifier: Apache-2.0
-- Plugins that are written in the spec itself, so that their code runs inside the sandbox like anybody's.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local M = {}

local HEAD = 'local p = plugin "%s" { version = "1.0.0", api = 1, schema = { %s } }\n'


local count = 0 -- each probe has a folder of its own, so that the next one of that name is another plugin


-- A module that the next probe can require.
function M.module(name, text)
  files.write(("%d/lib/%s.lua"):format(count + 1, name), text)
end


-- A plugin from its text; `name` is its file's name, too.
function M.plugin(name, text, settings)
  count = count + 1
  files.write(("%d/%s.lua"):format(count, name), text)
  gate.plugins(("%s/%d"):format(files.folder(), count))
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
