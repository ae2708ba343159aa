"""The phrasing family: a small network that says where a melody's phrases end."""
