"""The window of BachBridge. The contracts of import-linter in `pyproject.toml` say what it may import."""
