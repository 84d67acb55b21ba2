-- SPDX-License-Identifier: Apache-2.0
-- api_doc/auth.lua - who the client is and how plugins find out, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "req.client, who sent it", name = "client", kind = "object", class = "lunette.Client",
    about = "The address is the one behind proxies that `trustedProxies` names, else the socket's.",
    rows = {
      { "ip", "string", "Address of the client, behind trusted proxies." },
      { "network", "string", "What counts as one address: of IPv6 the network of `gateway.identity.ipv6Prefix`, such as `2001:db8:1:2::`; else the whole." },
      { "peer", "string", "Address of the other end of the connection." },
      { "port", "integer", "Port of the other end of the connection." },
      { "id", "string, settable", "Who the request is counted as; begins as the identity that `gateway.yaml` asks for." },
      { "source", "string", "What gave the identity: `address`, `header:X-Api-Key`, `consumer`, ...; `plugin` once a plugin has assigned it." },
      { "key", "string", "Both, `source:id`, or an address by itself: what to count by, because a client can send another one's address as its key." },
      { "consumer", "string or nil", "Name of the consumer, once one is known: by a plugin, or by `consumer` in `gateway.identity.from`." },
      { "groups", "list of strings", "Its groups; those of somebody who is no consumer are what `authenticate` was told.", lua = "string[]" },
      { "authenticated", "string or nil", "The method by which a plugin has proved who it is, such as `key-auth`." },
      { "limits", "table or nil", "What the consumer may: `{ rate = { count = 100, per = 1 }, burst = 10 }`, either of which may be missing.",
        lua = "{ rate?: { count: number, per: number }, burst?: integer }?" },
      { "metadata", "table", "Texts of the consumer's `metadata`, by name.", lua = "table<string, string>" },
      { "in_group(name)", "boolean", "Whether it belongs to that group.", lua = "fun(name: string): boolean" },
      { "authenticate(who)", "true, or `nil, why`", "It was proved who this is. `who.method` says how, and `who.consumer` is the name of a consumer; or `who.id`, with "
        .. "`who.groups`, is somebody who is none. `who.claims` are those of a token, for `jwt:CLAIM` in `gateway.identity.from`. The identity becomes "
        .. "the consumer, or what stands before it in that list. In request handlers.",
        lua = "fun(who: { method: string, consumer?: string, id?: string, groups?: string[], claims?: table<string, any> }): true?, string?" },
      { "borrow(consumer)", "true, or `nil, why`", "Nobody has proved anything: the request gets the groups and limits of that consumer, and keeps its identity.",
        lua = "fun(consumer: string): true?, string?" },
    },
  },
  {
    title = "consumers", name = "consumers", kind = "library",
    about = "Those of `consumers:` in `gateway.yaml`. Keys and passwords cannot be read, only tried.",
    rows = {
      { "by_key(key)", "string or nil", "Name of the consumer that has this API key.", lua = "fun(key: string): string?" },
      { "verify(name, password, options)", "boolean, or `nil, why`", "Whether that is the password of the consumer of that name. Waits; `nil` with `busy` when too many wait, "
        .. "or `late`. Options, in seconds: `remember`, how long ago what was right may have been judged (60), and `timeout` (2).",
        lua = "fun(name: string, password: string, options?: { remember?: number, timeout?: number }): boolean?, string?" },
      { "limits()", "iterator", "For a loop, such as in `init`: name and `limits`, as of `req.client`, of each consumer that has limits of its own.",
        lua = "fun(): fun(): string?, { rate?: { count: number, per: number }, burst?: integer }?" },
      { "has(name)", "boolean", "Whether there is a consumer of that name.", lua = "fun(name: string): boolean" },
    },
  },
  {
    title = "auth", name = "auth", kind = "library",
    about = "What plugins have in common that find out who is calling; `key-auth` shows how it goes together. A challenge is a text for "
      .. '`WWW-Authenticate`, such as `Basic realm="shop"`.',
    rows = {
      { "settings(own, defaults)", "table", "For `schema`: the plugin's own settings and those that all share: `otherwise`, `anonymous`, `realm`, `hide`, `tell` and the names of headers. "
        .. "`defaults` has values for some of these, where they are not those of the others.",
        lua = "fun(own: table<string, lunette.Type>, defaults?: table<string, any>): table<string, lunette.Type>" },
      { "init(self)", "nothing, or `nil, why`", "For `return` in `init`: reserves the headers for the service. `self.challenge`, if it is there by then, is also asked for "
        .. "where plugins above refuse.", lua = "fun(self: table): nil, string?" },
      { "sources(list)", "table, or `nil, why`", 'Of places such as `"header:X-Api-Key"`, `"query:key"`, `"cookie:session"` and `"bearer"`: `read(req)` gives the '
        .. "first text that is there, `hide(req)` takes them all away, and `bearer` and `others` tell what is in the list.",
        lua = "fun(list: string[]): { read: (fun(req: lunette.Request): string?), hide: fun(req: lunette.Request), bearer: boolean, others: boolean }?, string?" },
      { "header_text(text)", "string or nil", "The text as a header can carry it: as it is, or with `%XX` for what no header may have. A number with all its "
        .. "digits; nil for one of 2^53 and more, which was rounded.",
        lua = "fun(text: string|number): string?" },
      { "is_known(self, req)", "boolean", "Whether a plugin above has proved who is calling.", lua = "fun(self: table, req: lunette.Request): boolean" },
      { "accept(self, req, who)", "nothing", "For `return`: it was proved who this is, see `req.client:authenticate`. The service is told.",
        lua = "fun(self: table, req: lunette.Request, who: table)" },
      { "missing(self, req, challenge)", "nothing, or an answer", "For `return`: there are no credentials of this kind. What happens is for `otherwise` and `anonymous` to say.",
        lua = "fun(self: table, req: lunette.Request, challenge: string): integer?, table?, table?" },
      { "wrong(self, req, challenge, text)", "an answer", "For `return`: there are some, and they are not right. 401, with the challenges of the plugins above and below, too.",
        lua = "fun(self: table, req: lunette.Request, challenge: string, text: string): integer, table, table" },
      { "asked(self, req, challenge)", "string or nil", "The `WWW-Authenticate` of an answer of your own: as in `wrong`, which has it anyway.",
        lua = "fun(self: table, req: lunette.Request, challenge: string?): string?" },
      { "count(self, result)", "nothing", "Counts the request in `auth_requests_total`. `accept`, `wrong` and `missing` do it; others are for you: `undecided`, `limited`.",
        lua = "fun(self: table, result: string)" },
      { "counting(self)", "nothing", "For `init` of a plugin that counts without `auth.init`.", lua = "fun(self: table)" },
      { "url_fault(url)", "string or nil", "For `check`: what is wrong with the address of somebody who is asked, without showing it.",
        lua = "fun(url: string): string?" },
      { "shown_url(url)", "string", "Of such an address what log lines may show: scheme, host and path.", lua = "fun(url: string): string" },
      { "outage(dict, name, fields)", "outage", "Of somebody who is asked: one line in the log when they stop answering, `outage:begins(text, fields)`, and "
        .. "one when they answer again, `outage:ends(text)`, however often and in however many workers that is called. `dict` is of `store.dict`.",
        lua = "fun(dict: lunette.Dict, name: string, fields: table): { begins: fun(self: table, text: string, fields?: table), ends: fun(self: table, text: string) }" },
      { "forbid(req, text)", "an answer", "For `return`: whoever it is may not do this. 403; or 401 where nobody is known and plugins above could have asked.",
        lua = "fun(req: lunette.Request, text: string): integer, table, table" },
    },
  },
}
