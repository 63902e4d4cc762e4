"""The name server of an instance: the guest's questions for names (spec/runtime.md 10)."""
