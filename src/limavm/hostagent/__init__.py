"""The daemon of one running instance, and the client that talks to it.

Only `client` may be used by commands: everything else runs in the agent's own process.
"""
