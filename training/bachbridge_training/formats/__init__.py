"""Conversion of models to other formats, and their comparison."""
