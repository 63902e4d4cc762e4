"""`limactl mcp`: tools for AI agents that work in an instance and not on the host (spec/cli.md 11).

The protocol is left to its official SDK, which only `server` imports; it is an optional extra.
"""
