"""Child processes, the pipes to them, their restarts, and their real-time settings."""
