-- SPDX-License-Identifier: Apache-2.0
-- Workers that run as another user.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("gateway.user", function()
  after_each(gate.cleanup)

  local is_root = gate.process.run("/usr/bin/id", { "-u" }).out == "0\n"

  local function uid(pid)
    local file = assert(io.open("/proc/" .. pid .. "/status"))
    local real, effective = file:read("*a"):match("Uid:%s+(%d+)%s+(%d+)")
    file:close()
    return real .. " " .. effective
  end

  if is_root then
    it("is whom the workers run as; the supervisor keeps its own", function()
      local g = gate.proxy(gate.upstream(), { gateway = { user = "nobody" }, workers = 2 })
      for _, pid in ipairs(g:workers()) do assert.equal("65534 65534", uid(pid)) end
      assert.equal("0 0", uid(g.pid))
      assert.equal(200, g:get("/").status)
    end)

    it("may not read what the configuration needs: a reload still works", function()
      local g = gate.proxy(gate.upstream(), { gateway = { user = "nobody" } })
      assert.equal(0, g:reload().code)
      local old = g:workers()
      g:expect("worker")
      g:kill_worker(1)
      g:wait_workers(1, old)
      gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
    end)
  end

  it("that does not exist is told at the start", function()
    local d = gate.files { gateway = { user = "nobody-of-this-name" } }
    local r = gate.run("run", "-c", d:join("gateway.yaml"), "--control", d:join("ctl"))
    assert.equal(1, r.code)
    assert.matches("nobody-of-this-name", r.err, 1, true)
  end)
end)
