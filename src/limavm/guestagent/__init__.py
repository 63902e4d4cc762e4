"""The daemon in the guest: tells what listens there, tunnels connections, keeps the clock right.

It ships alone, with `wire`, to guests with Python 3.10 or newer: nothing else of limavm may be imported here.
"""
