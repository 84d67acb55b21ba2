-- SPDX-License-Identifier: Apache-2.0
-- json.lua - json.encode(value), json.decode(text), json.null, json.array(table): the codec of core/script/json.c.

return require("lunette.host").json
