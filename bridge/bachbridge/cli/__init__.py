"""One small module per command of `bachbridge`; `app` declares them and imports each only when it is called."""
