"""Harmony as musicians write it: chords found in sounding pitches, their names and their Roman numerals."""
