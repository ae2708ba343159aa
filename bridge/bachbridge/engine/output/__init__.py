"""Everything that is sent: scheduled notes, MIDI thru, playback and the voices' channels."""
