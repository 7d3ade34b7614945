"""A local OpenID issuer: real signatures with keys of its own, so that no check is ever switched off.

`python -m local.issuer --port 8086`. The functions trust it when `IDENTITY_CERTS_URL` is its `/certs`, which they
accept on a loopback address only.
"""
