"""The window's package. Of ours it imports `bachbridge.events`, `bachbridge.link` and `bachbridge.config`, nothing else."""
