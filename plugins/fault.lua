-- SPDX-License-Identifier: Apache-2.0
-- Makes a share of the requests slow, or fail, on purpose: to see what clients and services make of it.
local function share()
  return t.number { default = 100, min = 0, max = 100,
    help = "Of how many requests, in percent; each time by chance." }
end


local fault = plugin "fault" {
  version = "1.0.0",
  api     = 1,
  schema  = {
    delay = t.record { {
        time = t.duration { required = true, max = "1h",
          help = "How long." },
        upto = t.duration { max = "1h",
          help = "By chance from `time` to this; without it, always `time`." },
        share = share(),
      },
      help = "Holds requests before they go on." },
    abort = t.record { {
        status = t.integer { default = 503, min = 400, max = 599,
          help = "Status of the answer." },
        message = t.string { default = "Failed on purpose", min = 1,
          help = "What the answer says." },
        share = share(),
      },
      help = "Answers requests in place of the service; with `delay`, after it." },
    only = t.map { t.header_name(), t.string { min = 1 }, default = {},
      help = 'Only requests with all of these headers, `{ ["X-Test"] = "yes" }`: with this value, or for `"*"` any.' },
    ask = t.boolean { default = false,
      help = "Requests may ask for it themselves: `X-Fault-Delay: 250`, in milliseconds, and `X-Fault-Abort: 503`. "
        .. "It is for clients that you trust." },
    longest = t.duration { default = "30s", max = "1h",
      help = "The longest delay that a request can ask for." },
    most = t.integer { default = 1000, min = 1, max = 1000000,
      help = "At most so many requests are held at once by one worker; others are not delayed." },
  },
  check = function(conf)
    local delay = conf.delay
    if not (delay or conf.abort or conf.ask) then return nil, "delay: required, or abort, or ask" end
    if delay and delay.upto and delay.upto < delay.time then
      return nil, "delay.upto: expected at least as long as time"
    end
    return true
  end,
}


function fault:init()
  self.names, self.held = {}, 0
  for name in pairs(self.conf.only) do self.names[#self.names + 1] = name end
  self.injected = metrics.counter("fault_injected_total", "Requests that were made slow or failed on purpose.",
    { "route", "kind" })
end


local function is_chosen(self, headers)
  for i = 1, #self.names do
    local name = self.names[i]
    local value, wanted = headers[name], self.conf.only[name]
    if value == nil or (wanted ~= "*" and value ~= wanted) then return false end
  end
  return true
end


local function is_hit(rule)
  return rule ~= nil and math.random() * 100 < rule.share
end


-- A whole number that the request says there, or nil.
local function asked(self, headers, name)
  local text = self.conf.ask and headers[name]
  return text and #text <= 9 and text:find("^%d+$") and tonumber(text) or nil
end


-- Seconds, or nil.
local function delay_of(self, headers)
  local conf = self.conf
  local delay, wish = conf.delay, asked(self, headers, "X-Fault-Delay")
  if wish then return math.min(wish / 1000, conf.longest) end
  if not is_hit(delay) then return nil end
  return delay.upto and delay.time + math.random() * (delay.upto - delay.time) or delay.time
end


-- A status, or nil.
local function abort_of(self, headers)
  local abort, wish = self.conf.abort, asked(self, headers, "X-Fault-Abort")
  if wish and wish >= 400 and wish <= 599 then return wish end
  return is_hit(abort) and abort.status or nil
end


local function let_go(self, ctx)
  if ctx[self] then self.held, ctx[self] = self.held - 1, nil end
end


local function hold(self, req, seconds)
  if self.held >= self.conf.most then return end
  local ctx = req.ctx
  self.held, ctx[self] = self.held + 1, true
  self.injected:inc(req.route, "delay")
  sleep(seconds)
  let_go(self, ctx)
end


function fault:request(req, res)
  local headers = req.headers
  if not is_chosen(self, headers) then return end
  local seconds, status = delay_of(self, headers), abort_of(self, headers)
  if seconds then hold(self, req, seconds) end
  if not status then return end
  self.injected:inc(req.route, "abort")
  local abort = self.conf.abort
  return req:refuse(status, "fault_injected", abort and abort.message or "Failed on purpose")
end


-- A client has broken off while its request was held: sleep() has not come back, and will not.
function fault:log(req, res)
  let_go(self, req.ctx)
end


return fault
