"""chorale."""
