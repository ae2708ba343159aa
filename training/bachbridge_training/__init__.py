"""Corpora, networks, training, evaluation and export: what needs Keras or music21, and nothing that plays live."""
