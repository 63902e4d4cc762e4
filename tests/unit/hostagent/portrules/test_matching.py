"""The algorithm of spec/runtime.md 8.2 and 8.3: which rule decides, and where a port appears."""
