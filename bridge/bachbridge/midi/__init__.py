"""MIDI messages, the ports that carry them, and the JACK server behind the ports."""
