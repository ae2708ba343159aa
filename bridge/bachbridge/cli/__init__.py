"""The command line: one folder for the commands that play, that transform files, and that measure."""
