"""Child processes, the pipes to them, and what the operating system is asked for on their behalf."""
