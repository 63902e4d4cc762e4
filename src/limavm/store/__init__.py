"""Instance directories on disk: which there are, who holds them, whose processes live."""
