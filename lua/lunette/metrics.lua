-- SPDX-License-Identifier: Apache-2.0
-- metrics.lua - `metrics`: numbers for those who watch the gateway, in memory that all workers share: core/shm/metric.h.
--
-- Series are remembered here by their label values, so that a change of one that is known makes no string and is compiled.
-- Those for which there was no room, and values that had to be cut, are not: what is remembered stays bounded.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, number = F.C, F.number
local type, tostring = type, tostring
local ADD, SET, OBSERVE = C.LN_METRIC_BY_ADD, C.LN_METRIC_BY_SET, C.LN_METRIC_BY_OBSERVE

local LABELS_MAX, VALUE_MAX, BUCKETS_MAX, SERIES, SERIES_MAX = 8, 127, 64, 1000, 10000
local BUCKETS = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }

local M = {}


-- ---- changes ----

-- A label's value as text; nil is the empty one, which means the same as no label.
local function to_text(v)
  if v == nil then return "" end
  local kind = type(v)
  if kind == "string" then return v end
  if kind == "number" then return text.number(v) end
  if kind == "boolean" then return tostring(v) end
  fault.raise("a metric's label: expected a text, got " .. text.show(v))
end


-- At most VALUE_MAX bytes, not in the middle of a character.
local function cut(s)
  local n = VALUE_MAX
  while n > 0 and s:byte(n + 1) >= 0x80 and s:byte(n + 1) < 0xc0 do n = n - 1 end
  return s:sub(1, n)
end


-- The series with these label values, and whether it may be remembered.
local function find(self, values)
  local parts, keep = {}, true
  for i = 1, self.labels do
    local s = to_text(values[i])
    if #s > VALUE_MAX then s, keep = cut(s), false end
    parts[i] = string.char(#s) .. s
  end
  local packed = table.concat(parts)
  local rc = C.ln_metric_find(self[1], packed, #packed, number)
  if rc < 0 then fault.raise("metric " .. self.name .. ": its labels are not what they were") end
  return number[0], keep and rc == 0
end


local function find_one(self, a)
  local series, keep = find(self, { a })
  if keep and a ~= nil then self.known[a] = series end
  return series
end


local function find_two(self, a, b)
  local series, keep = find(self, { a, b })
  if keep and a ~= nil and b ~= nil then
    local known = self.known[a] or {}
    self.known[a], known[b] = known, series
  end
  return series
end


local function refused(self, how, n)
  if type(n) ~= "number" then
    fault.raise(("metric %s: expected a number after %d label values, got %s")
      :format(self.name, self.labels, text.show(n)))
  end
  local what = self.kind == "counter" and "a counter goes up, by a number of at least 0"
    or how == OBSERVE and "expected a number" or "that is not to be had of this metric"
  fault.raise(("metric %s: %s, got %s"):format(self.name, what, text.number(n)))
end


local function change(self, series, how, n)
  if type(n) ~= "number" or C.ln_metric_change(self[1], series, how, n) ~= 0 then refused(self, how, n) end
end


-- One function per number of labels, so that calls are compiled: change(self, labels..., n). `sign` -1 turns the number round,
-- `default` is for when there is none.
local function changer(labels, how, sign, default)
  if labels == 0 then
    return function(self, n)
      if n == nil then n = default end
      if sign < 0 and type(n) == "number" then n = -n end
      change(self, self.series, how, n)
    end
  elseif labels == 1 then
    return function(self, a, n)
      if n == nil then n = default end
      if sign < 0 and type(n) == "number" then n = -n end
      change(self, a ~= nil and self.known[a] or find_one(self, a), how, n)
    end
  elseif labels == 2 then
    return function(self, a, b, n)
      if n == nil then n = default end
      if sign < 0 and type(n) == "number" then n = -n end
      local known = a ~= nil and b ~= nil and self.known[a]
      change(self, known and known[b] or find_two(self, a, b), how, n)
    end
  end
  return function(self, ...)
    local n = select(labels + 1, ...)
    if n == nil then n = default end
    if sign < 0 and type(n) == "number" then n = -n end
    change(self, find(self, { ... }), how, n)
  end
end


local METHODS = {
  counter = { inc = { ADD, 1, 1 } },
  gauge = { set = { SET, 1 }, inc = { ADD, 1, 1 }, dec = { ADD, -1, 1 } },
  histogram = { observe = { OBSERVE, 1 } },
}

local classes = {}


local function class_of(kind, labels)
  local name = kind .. labels
  if not classes[name] then
    local methods = {}
    for method, row in pairs(METHODS[kind]) do methods[method] = changer(labels, unpack(row, 1, 3)) end
    classes[name] = {
      __metatable = kind,
      __index = setmetatable(methods, {
        __index = function(_, key)
          fault.raise(("a %s has no %s%s"):format(kind, text.quote(tostring(key)),
            text.hint(tostring(key), text.sorted_keys(methods))))
        end,
      }),
    }
  end
  return classes[name]
end


-- ---- declarations ----

-- The endings that a metric's samples have beside its name: two metrics must not have a sample in common.
local SAMPLES = { counter = { "" }, gauge = { "" }, histogram = { "", "_bucket", "_sum", "_count" } }


local function check_name(kind, what, name)
  if type(name) ~= "string" or not name:find("^[%a_:][%w_:]*$") or #name > 120 then
    fault.raise(('%s: expected a name of letters, digits, "_" and ":", got %s'):format(what, text.show(name)))
  end
  if name:find("^lunette_") then
    fault.raise(('%s: %s: names that begin with "lunette_" are the gateway\'s own'):format(what, text.quote(name)))
  end
  if kind == "counter" and not name:find("_total$") then
    fault.raise(('%s: %s: the name of a counter ends with "_total", such as "%s_total"')
      :format(what, text.quote(name), name))
  end
  local reserved = kind ~= "counter" and name:match("_total$") or kind == "histogram" and
    (name:match("_bucket$") or name:match("_sum$") or name:match("_count$"))
  if reserved then
    fault.raise(('%s: %s: the name of a %s does not end with "%s"'):format(what, text.quote(name), kind, reserved))
  end
end


local function check_labels(kind, what, labels)
  if labels == nil then return {} end
  if type(labels) ~= "table" then
    fault.raise(("%s: expected a list of label names, got %s"):format(what, text.show(labels)))
  end
  local seen = {}
  for i, label in ipairs(labels) do
    if type(label) ~= "string" or not label:find("^[%a_][%w_]*$") or label:find("^__") or #label > 120 then
      fault.raise(('%s: label %d: expected a name of letters, digits and "_", got %s')
        :format(what, i, text.show(label)))
    end
    if seen[label] then fault.raise(("%s: label %s is there twice"):format(what, text.quote(label))) end
    if kind == "histogram" and label == "le" then fault.raise(what .. ': a label of a histogram cannot be "le"') end
    seen[label] = true
  end
  for key in pairs(labels) do
    if type(key) ~= "number" or labels[key] == nil or key > #labels then
      fault.raise(("%s: expected a list of label names, got %s in it"):format(what, text.show(key)))
    end
  end
  if #labels > LABELS_MAX then
    fault.raise(("%s: %d labels; at most %d are possible"):format(what, #labels, LABELS_MAX))
  end
  return labels
end


local function check_buckets(what, buckets)
  if buckets == nil then return BUCKETS end
  local good = type(buckets) == "table" and #buckets >= 1 and #buckets <= BUCKETS_MAX
  for i, bound in ipairs(good and buckets or {}) do
    good = good and type(bound) == "number" and bound > -math.huge and bound < math.huge
      and (i == 1 or bound > buckets[i - 1])
  end
  if not good then
    fault.raise(("%s: buckets: expected a list of 1 to %d rising numbers, got %s")
      :format(what, BUCKETS_MAX, text.show(buckets)))
  end
  return buckets
end


local OPTIONS = { series = true }


local function check_series(what, options)
  if options == nil then return SERIES end
  if type(options) ~= "table" then
    fault.raise(("%s: expected its options in a table, got %s"):format(what, text.show(options)))
  end
  for key in pairs(options) do
    if not OPTIONS[key] then
      fault.raise(("%s: unknown option %s%s"):format(what, text.quote(tostring(key)),
        text.hint(tostring(key), { "series" })))
    end
  end
  local series = options.series
  if series == nil then return SERIES end
  if type(series) ~= "number" or series % 1 ~= 0 or series < 1 or series > SERIES_MAX then
    fault.raise(("%s: series: expected an integer from 1 to %d, got %s"):format(what, SERIES_MAX, text.show(series)))
  end
  return series
end


local function join(list, to)
  local parts = {}
  for i, item in ipairs(list) do parts[i] = to(item) end
  return table.concat(parts, ",")
end


local function exact(n)
  return ("%.17g"):format(n)
end


-- All uses of a name mean one metric; another one must not have a sample of that name either.
local function check_agreement(kind, name, labels, series, buckets, help)
  local words = { kind, #labels > 0 and "labels " .. table.concat(labels, ", ") or "no labels" }
  if #buckets > 0 then words[#words + 1] = "buckets " .. join(buckets, text.number) end
  if series ~= SERIES then words[#words + 1] = ("%d series"):format(series) end
  words[#words + 1] = "help " .. text.quote(help)
  local settings = table.concat(words, ", ")
  for _, ending in ipairs(SAMPLES[kind]) do
    zones.check("metric/" .. name .. ending, "metric " .. text.quote(name .. ending),
      ending == "" and settings or ("part of the histogram %s"):format(name))
  end
end


local function open(kind, name, help, labels, buckets, options)
  local what = "metrics." .. kind
  phase.check(what)
  check_name(kind, what, name)
  if type(help) ~= "string" or help == "" or #help > 400 or help:find("%z") then
    fault.raise(("%s: %s: expected a sentence that says what it counts, got %s")
      :format(what, text.quote(name), text.show(help)))
  end
  labels = check_labels(kind, what, labels)
  buckets = kind == "histogram" and check_buckets(what, buckets) or {}
  local series = check_series(what, options)
  check_agreement(kind, name, labels, series, buckets, help)
  local description = table.concat({ kind, name, join(labels, tostring), join(buckets, exact), series, help }, "\n")
  local address, why = host.metric(description)
  if not address then fault.raise(("%s: %s: %s"):format(what, text.quote(name), why)) end
  local self = { F.metric(address), name = name, kind = kind, labels = #labels, known = {} }
  if #labels == 0 then self.series = find(self, {}) end
  return setmetatable(self, class_of(kind, #labels))
end


-- How often something happened. `options`: series, how many there may be.
function M.counter(name, help, labels, options)
  return open("counter", name, help, labels, nil, options)
end


-- How much there is now: one number for all workers.
function M.gauge(name, help, labels, options)
  return open("gauge", name, help, labels, nil, options)
end


-- How large things are: counted in buckets by their upper bounds.
function M.histogram(name, help, labels, buckets, options)
  return open("histogram", name, help, labels, buckets, options)
end


return M
