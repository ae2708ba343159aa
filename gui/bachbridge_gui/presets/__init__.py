"""Presets, MIDI learn and MIDI profiles, with the widgets for them."""
