"""A small world on loopback that speaks the providers' own protocols, so that everything else is the real thing."""
