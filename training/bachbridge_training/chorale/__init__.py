"""The chorale family: causal networks over frames of four voices."""
