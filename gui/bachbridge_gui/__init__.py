"""The window's package. Of ours it imports `bachbridge.protocol.events`, `.link` and `.config`, nothing else."""
