"""tempo."""
