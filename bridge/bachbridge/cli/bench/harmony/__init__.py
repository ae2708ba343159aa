"""`bachbridge bench --harmony`: live harmony under many tunes, in virtual time with the real network."""
