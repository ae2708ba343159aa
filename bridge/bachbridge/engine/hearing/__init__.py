"""Live analysis of all that sounds, the player's notes and ours: chords, keys and cadences."""
