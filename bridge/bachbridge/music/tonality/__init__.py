"""The key of a tune as far as it has been played, as a belief, and the chord to open with."""
