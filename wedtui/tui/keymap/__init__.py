"""Keys without a framework: what each action is called, which keys it has, and which keymaps make sense.

`names` knows the keys that a terminal can send, `table` every action of the dashboard, `check` what is wrong with a
configuration's own keys. `tui.bindings` makes Textual's bindings from the table.
"""
