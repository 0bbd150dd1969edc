"""An account of Amazon Web Services: what it runs, how that is, and how asking went.

Nothing here imports the SDK before the first asking: it takes a seventh of a second and 27 MB.

- `account`: credentials, clients and threads of one account
- `calls`: one round of one service in one region: retries, deadlines, pages
- `guard`, `faults`: what is a whole answer, and what an error means
- `services`: one module per service: which calls, and resources from their answers
- `targets`: what the poller asks
"""
