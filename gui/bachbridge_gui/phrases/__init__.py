"""The list of phrases and answers: its Qt model, its rows, the actions on them and the panel around it."""
