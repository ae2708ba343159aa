"""Sound without a sound card: the built-in instruments, their tones, the room around them, and sound fonts."""
