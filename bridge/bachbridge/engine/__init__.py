"""The engine process: the loop, the session and its parts."""
