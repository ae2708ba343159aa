"""Phrases of the player and the answers to them."""
