"""Wishes for harmonies whose phrases close, whose voices come to rest, and whose dissonances resolve."""
