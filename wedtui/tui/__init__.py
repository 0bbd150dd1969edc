"""The dashboard. It reads pictures and draws them; nothing here decides anything, and no cloud SDK is imported."""
