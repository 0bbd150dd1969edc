"""The demo's account of Amazon Web Services: a small server that speaks AWS's own protocols on loopback.

- `inventory`: what there is, as data
- `moment`: how it is at one instant of the world
- `answers`: for each action that is understood what it says, in the names of the wire
- `figures`: metrics, which move with the world, and what things cost
- `protocols`: which action a request asks for, and how its answer is written
"""
