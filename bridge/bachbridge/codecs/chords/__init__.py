"""chords."""
