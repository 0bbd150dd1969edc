"""Schedules, the recorder, the lock, and the service as a whole."""
