"""Networks that several machines share: what runs them, and who may run it. No daemon is started here yet."""
