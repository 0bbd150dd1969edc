"""AWS: which tests ask moto and which the strict server is said in each module."""
