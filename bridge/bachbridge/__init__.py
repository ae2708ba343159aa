"""BachBridge: a DAW's phrases continued and harmonised in the manner of Bach, live over MIDI."""

__version__ = "0.1.0"
