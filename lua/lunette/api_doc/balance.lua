-- SPDX-License-Identifier: Apache-2.0
-- api_doc/balance.lua - what balance handlers choose among, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "The choice of an instance", name = "up", kind = "object", class = "lunette.Up",
    about = "What a `balance` handler sees of the service. `#up` is how many instances there are, `up[i]` is one of them, from 1 in the "
      .. "order of the configuration, nil behind the last. It is there in `balance` only and cannot be kept.",
    rows = {
      { "service", "string", "The name of the service." },
      { "attempt", "integer", "The number of this attempt of the request, from 1." },
      { "last_error", "string or nil", "Why the attempt before it failed, such as `connect_failed` or `upstream_reset`, or `status` for one of `retries.statuses`; nil at the first." },
      { "hash", "string or nil", "Assign a key, and the request goes to the instance that the key belongs to, as with `consistent_hash`; "
        .. "repeats go to the key's next best. A number will do; nil or an empty text is no key." },
    },
  },
  {
    title = "An instance in balance", name = "instance", kind = "object", class = "lunette.Instance",
    about = "`up[i]`: what is known of one instance by all workers. `for i = 1, #up do ... end` visits them all.",
    rows = {
      { "address", "string", "Its URL, as in the configuration." },
      { "weight", "integer", "Its weight." },
      { "healthy", "boolean", "Whether it may be chosen now." },
      { "active", "integer", "Requests that it has in flight, over all workers." },
      { "latency", "number or nil", "Seconds from the end of a request to the head of its response, averaged; nil when nothing is known." },
    },
  },
}
