"""The wall: what a screen without a keyboard shows. Pure drawing, its app, and a watchdog over that app."""
