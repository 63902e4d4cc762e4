"""Directories of the host in the guest: what keeps every mount of a run mounted (spec/runtime.md 9)."""
