"""Tools for developers of the window."""
