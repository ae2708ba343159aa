"""Codecs: representations of music that networks read and write, used by training and live play alike."""
