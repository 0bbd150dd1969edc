"""The line mode: what the dashboard shows, told in sentences, for screen readers and terrible lines.

Pure parts: `words` (durations, lists, what may leave), `describe` (one thing as it is now), `changes` (what became of
it between two boards), `flapping` (what changes too often is counted), `answers` and `commands` (one table of words
that a person can type). `session` keeps them together without any input or output; `loop` alone touches descriptors
and signals. Nothing here imports Textual, moves a cursor or writes an escape.
"""
