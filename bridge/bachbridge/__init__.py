"""BachBridge: a DAW's phrases continued and harmonized in the manner of Bach, live over MIDI."""

import os

__version__ = "0.2.0"

# Privacy: onnxruntime's packages send reports to their maker unless this is set before their first import. Child
# processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
