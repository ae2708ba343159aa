"""The commands that play live, replay a session, or list ports and models."""
