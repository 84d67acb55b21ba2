-- SPDX-License-Identifier: Apache-2.0
-- api_doc/libraries.lua - libraries that do not wait, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "log", name = "log", kind = "library",
    about = "One line in the gateway's log, with the plugin and the request id. `fields` is a table of what belongs to it.",
    rows = {
      { "debug(text, fields)", "nothing", "For whoever looks for a fault.", lua = "fun(text: string, fields?: table<string, any>)" },
      { "info(text, fields)", "nothing", "Worth knowing.", lua = "fun(text: string, fields?: table<string, any>)" },
      { "warn(text, fields)", "nothing", "Something is wrong that the gateway can live with.",
        lua = "fun(text: string, fields?: table<string, any>)" },
      { "error(text, fields)", "nothing", "Something is wrong that somebody should look at.",
        lua = "fun(text: string, fields?: table<string, any>)" },
    },
  },
  {
    title = "json", name = "json", kind = "library",
    about = "JSON text and Lua tables.",
    rows = {
      { "encode(value)", "string", "JSON text of a value; names are sorted, so that equal tables give equal text.",
        lua = "fun(value: any): string" },
      { "decode(text)", "value, or nil and why", "The value that a JSON text stands for.", lua = "fun(text: string): any, string?" },
      { "null", "value", "Stands for JSON's `null` inside a table." },
      { "array(table)", "table", "Marks a table, so that an empty one becomes `[]` and not `{}`.", lua = "fun(list: table): table" },
    },
  },
  {
    title = "crypto", name = "crypto", kind = "library",
    about = "Digests and signatures, random bytes, and texts for bytes. What decodes gives `nil` and a sentence for a text that is none. "
      .. "There is no MD5, and SHA-1 is for protocols that ask for it.",
    rows = {
      { "sha256(bytes)", "string", "SHA-256 as 32 bytes.", lua = "fun(bytes: string): string" },
      { "sha256_hex(bytes)", "string", "SHA-256 as 64 hexadecimal digits.", lua = "fun(bytes: string): string" },
      { "hmac_sha256(key, bytes)", "string", "HMAC with SHA-256 as 32 bytes.", lua = "fun(key: string, bytes: string): string" },
      { "hmac_sha256_hex(key, bytes)", "string", "HMAC with SHA-256 as 64 hexadecimal digits.",
        lua = "fun(key: string, bytes: string): string" },
      { "sha512(bytes)", "string", "SHA-512 as 64 bytes.", lua = "fun(bytes: string): string" },
      { "sha512_hex(bytes)", "string", "SHA-512 as 128 hexadecimal digits.", lua = "fun(bytes: string): string" },
      { "hmac_sha512(key, bytes)", "string", "HMAC with SHA-512 as 64 bytes.", lua = "fun(key: string, bytes: string): string" },
      { "hmac_sha512_hex(key, bytes)", "string", "HMAC with SHA-512 as 128 hexadecimal digits.",
        lua = "fun(key: string, bytes: string): string" },
      { "sha384(bytes)", "string", "SHA-384 as 48 bytes.", lua = "fun(bytes: string): string" },
      { "sha384_hex(bytes)", "string", "SHA-384 as 96 hexadecimal digits.", lua = "fun(bytes: string): string" },
      { "hmac_sha384(key, bytes)", "string", "HMAC with SHA-384 as 48 bytes.", lua = "fun(key: string, bytes: string): string" },
      { "hmac_sha384_hex(key, bytes)", "string", "HMAC with SHA-384 as 96 hexadecimal digits.",
        lua = "fun(key: string, bytes: string): string" },
      { "public_key(source)", "key, or `nil, why`", "A public key from a PEM (a key or a certificate) or from a JSON Web Key as a table: RSA of "
        .. "at least 2048 bits, EC on P-256, P-384 or P-521, Ed25519 or Ed448.",
        lua = "fun(source: string|table): lunette.PublicKey?, string?" },
      { "key_set(source)", "keys, or `nil, why`", "Keys that open signed tokens: from the text of a JSON Web Key Set, or `{ pems = { kid = pem } }`, or "
        .. "`{ secrets = { kid = text } }`; lists where tokens name no `kid`.",
        lua = "fun(source: string|{ pems?: table, secrets?: table }): lunette.KeySet?, string?" },
      { "sha1(bytes)", "string", "SHA-1 as 20 bytes.", lua = "fun(bytes: string): string" },
      { "sha1_hex(bytes)", "string", "SHA-1 as 40 hexadecimal digits.", lua = "fun(bytes: string): string" },
      { "hmac_sha1(key, bytes)", "string", "HMAC with SHA-1 as 20 bytes.", lua = "fun(key: string, bytes: string): string" },
      { "hmac_sha1_hex(key, bytes)", "string", "HMAC with SHA-1 as 40 hexadecimal digits.",
        lua = "fun(key: string, bytes: string): string" },
      { "random(n)", "string", "`n` bytes that nobody can guess.", lua = "fun(n: integer): string" },
      { "equal(a, b)", "boolean", "Whether two texts are equal, in a time that does not tell where they differ.",
        lua = "fun(a: string, b: string): boolean" },
      { "hex(bytes)", "string", "Two hexadecimal digits for each byte.", lua = "fun(bytes: string): string" },
      { "base64(bytes)", "string", "Base64 with padding.", lua = "fun(bytes: string): string" },
      { "base64url(bytes)", "string", "Base64 in the alphabet of file names, without padding.", lua = "fun(bytes: string): string" },
      { "from_hex(text)", "string, or `nil, why`", "The bytes of hexadecimal digits.", lua = "fun(text: string): string?, string?" },
      { "from_base64(text)", "string, or `nil, why`", "The bytes of Base64 with its padding.", lua = "fun(text: string): string?, string?" },
      { "from_base64url(text)", "string, or `nil, why`", "The bytes of Base64 for file names, with padding or without.",
        lua = "fun(text: string): string?, string?" },
    },
  },
  {
    title = "A public key", name = "public key", kind = "object", class = "lunette.PublicKey",
    about = "What `crypto.public_key` gives. A state has at most 4096 of them.",
    rows = {
      { "verify(alg, text, signature)", "boolean", 'Whether the signature, as bytes, is that of the text under an algorithm of JSON Web Signatures such as '
        .. '"RS256", "PS256", "ES256" or "EdDSA". `false` also where the key does not fit.',
        lua = "fun(self: lunette.PublicKey, alg: string, text: string, signature: string): boolean" },
      { "fits(alg)", "boolean", "Whether the key goes with that algorithm: its kind, and for ECDSA its curve.",
        lua = "fun(self: lunette.PublicKey, alg: string): boolean" },
    },
  },
  {
    title = "A set of keys", name = "key set", kind = "object", class = "lunette.KeySet",
    about = "What `crypto.key_set` gives.",
    rows = {
      { "open(token, algorithms)", "table, table, or `nil, why, hint`", "The claims and the header of a JSON Web Token whose algorithm is one of these (`{ ES256 = true }`) and "
        .. "whose signature is that of one of the keys. Times and other claims are for the caller to judge. The hint is `unknown key` when it names "
        .. "one that is not in the set.",
        lua = "fun(self: lunette.KeySet, token: string, algorithms: table<string, true>): table?, table|string, string?" },
    },
  },
  {
    title = "escape", name = "escape", kind = "library",
    about = "A text as it stands inside of another one, so that it cannot end it.",
    rows = {
      { "url(text)", "string", "For a part of a URL: everything but letters, digits and `-._~` becomes `%XX`.",
        lua = "fun(text: string): string" },
      { "path(text)", "string", "For a path: like `url`, but slashes and what else may stand in a path stay.",
        lua = "fun(text: string): string" },
      { "json(text)", "string", "For the inside of a JSON string, without its quotes.", lua = "fun(text: string): string" },
      { "html(text)", "string", "For HTML: `&`, `<`, `>` and both quotes become their names.", lua = "fun(text: string): string" },
    },
  },
}
