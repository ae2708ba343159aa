"""Codec of ABC notation: tunes as text, with their grammar, reader and writers."""
