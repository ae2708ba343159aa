"""The formats that commands write: one registry of writers by the ending of a file's name."""
