"""Ports and sockets of the guest on the host: what is wanted, what is open, and the ways to open it."""
