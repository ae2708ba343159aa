"""Widgets and painting that several parts of the window share: theme, palette, labels, buttons and small bars."""
