"""Scores, tables and harmonies that the families share."""
