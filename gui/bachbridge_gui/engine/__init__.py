"""The window's side of the engine process: starting and restarting it, and the state of its ports."""
