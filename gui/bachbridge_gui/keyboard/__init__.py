"""The on-screen piano: its widget, its painting and the panel around it."""
