"""The causal model of four-voice frames: continuing, live harmony and beam search."""
