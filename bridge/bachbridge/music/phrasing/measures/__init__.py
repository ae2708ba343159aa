"""Measures of where music goes, computed by the same code for a model and for Bach: closes, continuations, answers."""
