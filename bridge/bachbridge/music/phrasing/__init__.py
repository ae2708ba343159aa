"""Phrases and where they go: their ends and cadences, and how continuations keep to the key."""
