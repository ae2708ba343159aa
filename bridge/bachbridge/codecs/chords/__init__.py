"""Codec of chords: symbols for the notes of one onset, after Play Bach."""
