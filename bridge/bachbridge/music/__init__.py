"""Music as values: notes, grid, keys, frames of four voices, voice-leading rules and metrics."""
