"""The errors a person can do something about. Each message is one sentence that says what to do next."""


class BachBridgeError(Exception):
    """Anything the command line prints as one line and exits 1 for."""


class PortError(BachBridgeError):
    """A MIDI port is missing, ambiguous or cannot be opened."""


class ModelError(BachBridgeError):
    """A model is unknown, damaged or does not fit its card."""


class MidiFileError(BachBridgeError):
    """A MIDI file is empty, truncated, not MIDI or without notes."""


class ConfigError(BachBridgeError):
    """A setting is unknown or out of range."""


class TuneError(BachBridgeError):
    """A tune in ABC has no meter or key, or is more than is read here."""
