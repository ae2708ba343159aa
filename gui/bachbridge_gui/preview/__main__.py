"""`python -m bachbridge_gui.preview`: the process that sounds, started by the window."""

import sys

from bachbridge_gui.preview.process import main

sys.exit(main(sys.argv[1:]))
