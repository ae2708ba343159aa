"""`python -m bachbridge`, the same program as `bachbridge`."""

from bachbridge.cli.main import main

if __name__ == "__main__":
    main()
