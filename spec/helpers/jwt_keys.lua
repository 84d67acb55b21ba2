-- SPDX-License-Identifier: Apache-2.0
-- Keys made for specs, and tokens that they have signed; the private halves are gone. Claims of all: iss, sub = "alice",
-- aud = { "shop", "api" }, groups = { "staff" }, email, iat in 2023, exp in 2100.

local M = {}

-- A key set with r1 (RSA), e1 (EC, for ES256 only) and d1 (Ed25519).
M.jwks = [[{"keys":[{"kty":"RSA","n":"vcuKMNL64jHbcs7ImAGV_8q95BuOLGaFDIrrzVPpBekP7k3zR9d5ivhqg2ikjmO_V3zMpaAte]]
  .. [[CoTTz4RZnt1L1ca5yYSRCPb5umbET6Zpr8Wrl7MnKtDfJm8L-MH1irgg1ft1jriC8gqcnc4V9GJ5PSrOBP-QroVvJRsVIVytISd8]]
  .. [[mnXJfUjO0CFZ2hUnytG8A3d_5cvKDB2UiCM3jp4wG5jsj3OdtxqL5Xar4aV9jIoBoE_ytOg0_rivPDj1kX-yM6-xnPCdQrBg1yCY]]
  .. [[w5fVQsfcY3Qc-iZ0WOQ5rF5SjvbRFUrTqC5WAY2urEAGfpoEdsDnqtOu4brFet4QUCstQ","e":"AQAB","kid":"r1","use":"]]
  .. [[sig"},{"kty":"EC","x":"49YMID81-WeCJIySzDkHAivBXEKA8C7L5pi_2R3S6Us","y":"nTfpzf_hw6zXr2AyKJaJI25Y6kr]]
  .. [[Y573WVS0hNwpHHdo","crv":"P-256","kid":"e1","use":"sig","alg":"ES256"},{"crv":"Ed25519","x":"8Mcg04jy]]
  .. [[SXSeNWow3M3LMcoYsTfn8hI12w8hXluTLZY","kty":"OKP","kid":"d1","use":"sig"}]}]]

M.pem = {
  rsa = [[
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvcuKMNL64jHbcs7ImAGV
/8q95BuOLGaFDIrrzVPpBekP7k3zR9d5ivhqg2ikjmO/V3zMpaAteCoTTz4RZnt1
L1ca5yYSRCPb5umbET6Zpr8Wrl7MnKtDfJm8L+MH1irgg1ft1jriC8gqcnc4V9GJ
5PSrOBP+QroVvJRsVIVytISd8mnXJfUjO0CFZ2hUnytG8A3d/5cvKDB2UiCM3jp4
wG5jsj3OdtxqL5Xar4aV9jIoBoE/ytOg0/rivPDj1kX+yM6+xnPCdQrBg1yCYw5f
VQsfcY3Qc+iZ0WOQ5rF5SjvbRFUrTqC5WAY2urEAGfpoEdsDnqtOu4brFet4QUCs
tQIDAQAB
-----END PUBLIC KEY-----
]],
  ec = [[
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE49YMID81+WeCJIySzDkHAivBXEKA
8C7L5pi/2R3S6UudN+nN/+HDrNevYDIolokjbljqStjnvdZVLSE3Ckcd2g==
-----END PUBLIC KEY-----
]],
}

M.tokens = {
  RS256 = "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcG"
    .. "xlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsic2hvcCIsImFwaSJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAw"
    .. "MDAwMCwiZ3JvdXBzIjpbInN0YWZmIl0sImVtYWlsIjoiYWxpY2VAZXhhbXBsZS5jb20ifQ.PH2HBy2MYbUg46NbfS5"
    .. "mUhar8U7fj8sLSjMLobQs1-62U8jOsTmYFGFbmDOB-sBog3VVkmmzbNWtGTdg65bT8h-Sn48lWDJoLxeVVxD3m6XGd"
    .. "XOzgxQ32HNMXUhUhOqKB-oY5q5lxcNpNBKDwCiztuq-5EdOKMKLzRc3nIKYTIWG3BqD8ZJBepAfILbGLK2hFtPkkTZ"
    .. "Iwy_kJ7zoV4A9KHHJtx_JpNuB8HSDjsDJZB9bAgbR4pcMevpmIvE9y5W4LYsVxBUXCij-N0YpO-k3kNnCuGOjLgklc"
    .. "iw-aDcXS62Ssp6WwKSOTyiG48iolCumA7B5DxdwzuoVOlabzZ0yIQ",
  PS256 = "eyJhbGciOiJQUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcG"
    .. "xlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsic2hvcCIsImFwaSJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAw"
    .. "MDAwMCwiZ3JvdXBzIjpbInN0YWZmIl0sImVtYWlsIjoiYWxpY2VAZXhhbXBsZS5jb20ifQ.R3A4PH2HXpvXZ0hMNF-"
    .. "5sJ_BdNMUBf9G8rgzN2XfgnHhd3YdcuGkI3CfcpT58RxltG2OdOMmMuE7bXF79-ymcJUaetQmOggj29rlE5GlDNs3R"
    .. "LMiZZ1f-vxBwe8wfM2tE3nOos3KAX5FRP20P9LGqiYAQJzKU0GEv7smkm6GrlY1PpA1S8MHCcMXQbKX4NudZyU6UbD"
    .. "D3r6JIecOtZifziXVIK3J8KWEQL4xmDkWWvKPf3VmpmrzUVoHVtZPWT1tN7hTicoNwmGGbcQdqP1YDXqBZoaOtQar2"
    .. "9dF2IVbwCU1E8lo4EIENmGw0ZvG_TJr-0C5psjgRBD1gHHQG1dxIQ",
  ES256 = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcG"
    .. "xlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsic2hvcCIsImFwaSJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAw"
    .. "MDAwMCwiZ3JvdXBzIjpbInN0YWZmIl0sImVtYWlsIjoiYWxpY2VAZXhhbXBsZS5jb20ifQ.vruynCka29xJp1C4XE8"
    .. "TFPMGr8zuJzLYwbkXb-dybtOfEA06KB4nKMlZp3JEjMSO49v5qB_r6zOaCXZIEapWVg",
  EdDSA = "eyJhbGciOiJFZERTQSIsImtpZCI6ImQxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcG"
    .. "xlIiwic3ViIjoiYWxpY2UiLCJhdWQiOlsic2hvcCIsImFwaSJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAw"
    .. "MDAwMCwiZ3JvdXBzIjpbInN0YWZmIl0sImVtYWlsIjoiYWxpY2VAZXhhbXBsZS5jb20ifQ.43QnqOLzMH93gbli8zK"
    .. "lwgSY4Iu2bo7nI_owt6hJ7VYu1xQqFOrJl6SxgO-dLK3tT5iVqB95RFb6g1RadKeCCg",
}


return M
