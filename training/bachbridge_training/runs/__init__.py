"""Training runs: their data, the training loop and the registry of families."""
