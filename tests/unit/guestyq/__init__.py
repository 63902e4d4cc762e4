"""Tests of limavm.guestyq."""
