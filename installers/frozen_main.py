"""The start of the frozen program: the command line, as the script `bachbridge` of an installed package calls it."""

from bachbridge.cli.main import main

if __name__ == "__main__":
    main()
