"""BachBridge: a DAW's phrases continued and harmonised in the manner of Bach, live over MIDI."""

import os

__version__ = "0.1.0"

# What is played here is nobody else's business: onnxruntime's packages report to their maker unless told not to, and
# must be told before they are first imported. The processes that we start inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
