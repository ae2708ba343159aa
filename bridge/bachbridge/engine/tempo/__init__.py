"""Tempo, steps and bars: from onsets, from a set tempo or from MIDI clock."""
