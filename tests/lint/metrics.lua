-- SPDX-License-Identifier: Apache-2.0
-- metrics.lua - the page of metrics, from what `lunette metrics` prints. For docs.lua.

local M = {}

local INTRO = [[
# Metrics

Generated from the code: `make docs`. `lunette metrics` prints these numbers, and those of plugins, in the text
format of Prometheus. The supervisor reads them in shared memory, so no worker is asked and no request waits for
it. Counters go on over reloads and the deaths of workers, from the start of the gateway.

**Series are bounded.** The first 1000 instances, in the order of the configuration, have series of their own,
and so have the first 1000 services. What all further instances have counted is added up in one whose labels are
`service="other",instance="other"`, and `lunette_instances_omitted` says how many they are; numbers of services
are those of all of their instances. Of an instance's outcomes only those that have happened have a series, `ok`
always. Metrics of plugins have bounds of their own: see [`metrics`](lua-api.md#metrics).

Outcomes are the reasons that clients find in `X-Lunette-Reason` when it came to an answer of the gateway's own.
A response whose status counts as a failure ([`breaker.statuses`](directives.md#services)) has the outcome `ok`,
for it came; `lunette_instance_bad_statuses_total` counts it. `client_gone` is nobody's failure.
]]

local ANYTHING = { service = true, instance = true, version = true, zone = true, kind = true }


-- Adds the labels of a sample to those of its metric: { name, values }, each once.
local function note(labels, line)
  for name, value in (line:match("^[%w_]+{(.*)}") or ""):gmatch('([%a_]+)="([^"]*)"') do
    local label = labels[name]
    if not label then
      label = { name = name, values = {}, has = {} }
      labels[name], labels[#labels + 1] = label, label
    end
    if not ANYTHING[name] and not label.has[value] then
      label.has[value] = true
      label.values[#label.values + 1] = value
    end
  end
end


local function text_of(labels)
  local parts = {}
  for i, label in ipairs(labels) do
    local values = table.concat(label.values, ", ")
    parts[i] = values == "" and ("`%s`"):format(label.name) or ("`%s`: %s"):format(label.name, values)
  end
  return table.concat(parts, "; ")
end


-- `text`: every metric, with a sample of each that has labels.
function M.page(text)
  local rows, by_name = {}, {}
  for line in text:gmatch("[^\n]+") do
    local name, sentence = line:match("^# HELP (%S+) (.*)$")
    if name then
      by_name[name] = { name = name, sentence = sentence, labels = {} }
      rows[#rows + 1] = by_name[name]
    elseif line:find("^# TYPE") then
      local of, kind = line:match("^# TYPE (%S+) (%S+)$")
      by_name[of].kind = kind
    else
      note(by_name[line:match("^[%w_]+")].labels, line)
    end
  end
  local out = { INTRO, "\n| metric | type | labels | what it says |\n|---|---|---|---|\n" }
  for _, row in ipairs(rows) do
    out[#out + 1] = ("| `%s` | %s | %s | %s |\n"):format(row.name, row.kind, text_of(row.labels), row.sentence)
  end
  return table.concat(out)
end


return M
