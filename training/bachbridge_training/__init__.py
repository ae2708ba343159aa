"""Corpora, networks, training, evaluation and export: everything that needs Keras or music21, and nothing that plays live."""
