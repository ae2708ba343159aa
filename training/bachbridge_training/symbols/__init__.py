"""The symbols family: causal networks over symbols of ABC, chords or piano keys."""
