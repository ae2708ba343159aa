"""Errors that the user can do something about. Each message is one sentence that says what to do next."""


class BachBridgeError(Exception):
    """Base class; the command line prints the message as one line and exits with status 1."""


class PortError(BachBridgeError):
    """A MIDI port is missing, ambiguous or cannot be opened."""


class ModelError(BachBridgeError):
    """A model is unknown, damaged or does not fit its card."""


class MidiFileError(BachBridgeError):
    """A MIDI file is empty, truncated, not MIDI or without notes."""


class ConfigError(BachBridgeError):
    """A setting is unknown or out of range."""


class TuneError(BachBridgeError):
    """An ABC tune has no meter or key, or uses notation that is not supported."""
