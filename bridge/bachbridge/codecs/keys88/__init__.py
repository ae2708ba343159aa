"""Codec of music as text with a character for each of the piano's keys: the text, the codec and its decoder."""
