"""Run the window's tests without a display."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The window speaks the system's language; the tests expect English.
os.environ |= {"LC_ALL": "C.UTF-8", "LANGUAGE": "en"}
