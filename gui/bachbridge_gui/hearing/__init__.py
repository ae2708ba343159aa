"""The strip that says what the program makes of the music: key, chord, cadence, tempo and left hand."""
