"""The causal model of symbol sequences: continuing phrases and writing whole tunes."""
