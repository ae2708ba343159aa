"""Two-part counterpoint after the species of J. J. Fux: rhythms, intervals and the cost of a note."""
