"""The window's package. It may import `bachbridge.events`, `bachbridge.link` and `bachbridge.config`, nothing else of ours."""
