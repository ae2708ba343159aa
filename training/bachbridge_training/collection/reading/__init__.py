"""Reading the files of a collection: pieces, their fingerprints and contents, kept in chunks on disk."""
