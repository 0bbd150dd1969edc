"""The socket on which the service is asked to act: who asks, what she may do, and how it is asked."""
