"""The MIDI ports of the engine, in a process of their own that outlives it and ends what sounds."""
