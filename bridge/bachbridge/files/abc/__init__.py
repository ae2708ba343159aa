"""Lenient reader of tunes in ABC, as collections and other programs write them."""
