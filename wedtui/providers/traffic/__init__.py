"""The records of DNS that share traffic out, behind one small protocol: `base.TrafficBackend`.

- `base`: the protocol, and what every backend shares
- `questions`: what the authoritative servers say
- `route53`: weighted records of Amazon Route 53
- `powerdns`: a LUA record of PowerDNS, by its HTTP API
"""
