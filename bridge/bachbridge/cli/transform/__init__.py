"""The commands that turn music files into other files: `continue`, `harmonize`, `mend`, `dream`, `text` and so on."""
