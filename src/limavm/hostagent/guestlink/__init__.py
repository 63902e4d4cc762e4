"""The host's side of the guest agent: one connection, and what is known of the guest through it."""
