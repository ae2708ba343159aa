"""Representations of music that networks read and write: one module each, used by training and live play alike."""
