"""Tempo, beat and bar inferred from what is played."""
