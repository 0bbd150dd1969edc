"""Pure rules: an instant and facts in, a decision out.

Nothing here does I/O, reads a clock, or knows a framework. A question has one function here
(is this frozen? is this provider healthy?), and every caller asks that one.
"""
