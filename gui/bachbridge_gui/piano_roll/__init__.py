"""piano_roll."""
