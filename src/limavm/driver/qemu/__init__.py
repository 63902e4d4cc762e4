"""The QEMU driver: a Machine becomes a process, spoken to over QMP (spec/runtime.md 4)."""
