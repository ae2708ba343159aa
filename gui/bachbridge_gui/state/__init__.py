"""The state that the window shows and remembers, as plain objects without widgets."""
