"""Help inside the window: shortcuts, documentation, versions, and a report of a problem."""
