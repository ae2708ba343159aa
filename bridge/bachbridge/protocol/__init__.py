"""The messages between the processes: events into the session, effects out of it, and their JSON form."""
