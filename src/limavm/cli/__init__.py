"""limactl: what the user types becomes one call of a use case, and its result is printed.

Everything here may import late: a command loads only what it needs, and `list` and `shell` load
next to nothing (tests/unit/cli/test_lean.py keeps it so).
"""
