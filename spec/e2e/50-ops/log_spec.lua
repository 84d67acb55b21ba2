-- SPDX-License-Identifier: Apache-2.0
-- The log: levels, formats, files, reopening.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("gateway.log", function()
  after_each(gate.cleanup)

  local function log_file(log)
    local place = gate.dir()
    log.file = place:join("gateway.log")
    local g = gate.start { gateway = { log = log },
      routes = 'get "/say" { function(req) log.info("said " .. req.args.what) return 200 end }' }
    return g, place
  end

  local function wait_in(place, name, text)
    return gate.eventually(function()
      local all = place:read(name)
      return all and all:find(text, 1, true) and all
    end, text .. " in " .. name)
  end

  it("file: lines go there", function()
    local g, place = log_file {}
    g:get("/say?what=hello")
    wait_in(place, "gateway.log", "said hello")
  end)

  it("USR1 reopens the file, in every process", function()
    local g, place = log_file {}
    g:get("/say?what=before")
    wait_in(place, "gateway.log", "said before")
    assert(os.rename(place:join("gateway.log"), place:join("old.log")))
    g:signal(gate.process.USR1)
    gate.eventually(function()
      g:get("/say?what=after")
      return (place:read("gateway.log") or ""):find("said after", 1, true)
    end, "the new file")
    assert.matches("said before", place:read("old.log"), 1, true)
  end)

  it("format: json: every line is an object", function()
    local g, place = log_file { format = "json" }
    g:get("/say?what=hello")
    local all = wait_in(place, "gateway.log", "said hello")
    for line in all:gmatch("[^\n]+") do
      local entry = gate.json.decode(line)
      assert.is_string(entry.level)
      assert.is_string(entry.message)
    end
  end)

  it("level: error keeps info out", function()
    local g, place = log_file { level = "error" }
    g:get("/say?what=hello")
    g:signal(gate.process.TERM)
    assert.equal(0, g:wait_exit())
    assert.is_nil((place:read("gateway.log") or ""):find("said hello", 1, true))
  end)

  it("a line cannot be forged by what a client sends", function()
    local g, place = log_file {}
    g:get("/say?what=a%0a2026-01-01T00:00:00.000Z%20error%20fake:%20forged")
    local all = wait_in(place, "gateway.log", "said a")
    assert.is_nil(all:find("\n2026-01-01T00:00:00.000Z error", 1, true))
  end)

  it("names what the gateway listens on", function()
    local g = gate.start {}
    g:wait_log(g.address:gsub("%p", "%%%0"))
  end)
end)
