"""Keras layers that several families share."""
