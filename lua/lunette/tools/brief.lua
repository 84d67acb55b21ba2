-- SPDX-License-Identifier: Apache-2.0
-- tools/brief.lua - an output of busted for programs: one line for each spec that fails, "file:line: name: why".

local LINE_MAX = 300


local function one_line(message)
  local text = type(message) == "string" and message or require("pl.pretty").write(message or "no reason")
  text = text:gsub("%s*\n%s*", " ")
  return #text > LINE_MAX and text:sub(1, LINE_MAX) .. " ..." or text
end


return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()


  -- The place in the message is that of the assertion; the other one, that of the spec.
  local function tell(failed)
    local at = failed.element.trace or failed.trace or {}
    local why = one_line(failed.message)
    local file, line, rest = why:match("^(%S+%.lua):(%d+): (.*)$")
    local name = one_line(failed.name or "spec"):gsub("^suite ", "")
    if name == file then name = "the file cannot be run" end
    io.stdout:write(("%s:%d: %s: %s\n"):format(file or at.short_src or "spec", line or at.currentline or 0, name,
      rest or why))
  end


  function handler.suiteEnd()
    for _, list in ipairs { handler.errors, handler.failures } do
      for _, failed in ipairs(list) do tell(failed) end
    end
    io.stdout:flush()
    return nil, true
  end


  busted.subscribe({ "suite", "end" }, handler.suiteEnd)
  return handler
end
