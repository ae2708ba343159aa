"""How an answer takes up a phrase: its shape, and wishes for its next note."""
