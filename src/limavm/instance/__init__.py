"""The use cases: what limactl's commands do, without a terminal."""
