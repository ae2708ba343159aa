"""The ends of phrases as a small network expects them, for whole melodies and for one that is being played."""
