"""The window's package. Of ours it imports `bachbridge.events`, `.link` and `.config`, nothing else."""
