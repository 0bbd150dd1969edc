"""The commands, one module a noun; the only room that puts the others together."""
