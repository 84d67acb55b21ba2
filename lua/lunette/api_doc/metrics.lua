-- SPDX-License-Identifier: Apache-2.0
-- api_doc/metrics.lua - numbers for those who watch the gateway, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "metrics", name = "metrics", kind = "library",
    about = "Numbers of all workers together, printed by `lunette metrics` in the text format of Prometheus. A metric is opened in "
      .. "`init`; all uses of a name mean one metric and must agree. `labels` is a list of names, at most 8. The option `series` (1000, at "
      .. 'most 10000) bounds the combinations of label values; what comes after that is counted together, every label being `other`.',
    rows = {
      { "counter(name, help, labels, options)", "counter", 'How often something happened; the name ends with `_total`.',
        lua = "fun(name: string, help: string, labels?: string[], options?: { series?: integer }): lunette.Counter" },
      { "gauge(name, help, labels, options)", "gauge", "How much there is now: one number for all workers.",
        lua = "fun(name: string, help: string, labels?: string[], options?: { series?: integer }): lunette.Gauge" },
      { "histogram(name, help, labels, buckets, options)", "histogram",
        "How large things are, counted in `buckets` by their rising upper bounds, at most 64; without them from 0.005 to 10, which "
        .. "suits seconds.",
        lua = "fun(name: string, help: string, labels?: string[], buckets?: number[], options?: { series?: integer }): "
          .. "lunette.Histogram" },
    },
  },
  {
    title = "A counter", name = "counter", kind = "object", class = "lunette.Counter",
    about = "What `metrics.counter` gives. The values of the labels come first, in their order: `self.seen:inc(req.route, 2)`. They "
      .. "are texts of at most 127 bytes, longer ones are cut; nil is the empty one.",
    rows = {
      { "inc(values..., n)", "nothing", "Adds `n` (1), at least 0.", lua = "fun(...: any)" },
    },
  },
  {
    title = "A gauge", name = "gauge", kind = "object", class = "lunette.Gauge",
    about = "What `metrics.gauge` gives. Label values as for counters. What a worker that died had added stays in it.",
    rows = {
      { "set(values..., n)", "nothing", "It is `n` now.", lua = "fun(...: any)" },
      { "inc(values..., n)", "nothing", "`n` (1) more.", lua = "fun(...: any)" },
      { "dec(values..., n)", "nothing", "`n` (1) less.", lua = "fun(...: any)" },
    },
  },
  {
    title = "A histogram", name = "histogram", kind = "object", class = "lunette.Histogram",
    about = "What `metrics.histogram` gives. Label values as for counters.",
    rows = {
      { "observe(values..., n)", "nothing", "Counts `n` in its bucket, and adds it to the sum.", lua = "fun(...: any)" },
    },
  },
}
