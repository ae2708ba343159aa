"""accompaniment."""
