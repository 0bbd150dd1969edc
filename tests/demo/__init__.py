"""The demo's world: scenarios, servers, configuration."""
