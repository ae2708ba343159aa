"""The settings behind the window's controls, without widgets."""
