"""Datasets, networks, training, evaluation and export: the code that needs Keras or music21.

Nothing here plays live.
"""
