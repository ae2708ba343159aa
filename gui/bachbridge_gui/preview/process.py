"""The process that sounds, and its life: started by the window, fed over a pipe, silent at the pipe's end.

It takes `Received` and `Midi` (the player's), `Sent` (BachBridge's own), `Panic` and `Setting("volume", 0 to 1)`.
It tells `Status("preview", "ready" | "sounding" | "silent")`, or `Failed` with the sentence and ends. The device is
stopped while nothing has sounded for `_REST_S`, and started by the next note.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from bachbridge.errors import BachBridgeError
from bachbridge.process.ipc import dispatch_messages, read_lines, standard_pipes, write_message
from bachbridge.protocol.events import Failed, Message, Midi, Panic, Received, Sent, Setting, Status
from bachbridge_gui.preview.audio_device import AudioDevice
from bachbridge_gui.preview.synth import Synth

_STOP_AFTER_S, _POLL_S = 2.0, 0.5
_FADE_OUT_S = 0.2
"""The device's buffer and the last notes' end."""

SendMessage = Callable[[Message], None]


def main(arguments: Sequence[str] = ()) -> int:
    """Sound until the pipe ends; the exit status."""
    parser = argparse.ArgumentParser(prog="bachbridge_gui.preview", description=__doc__)
    parser.add_argument("--way", help='the sound system to use, as miniaudio calls it; "null" is heard by nobody')
    way = parser.parse_args(arguments).way
    source, sink = standard_pipes()
    inbox: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=dispatch_messages, args=(read_lines(source), inbox.put), name="inbox", daemon=True).start()

    def tell(message: Message) -> None:
        write_message(sink, message)

    synth = Synth()
    try:
        speaker = AudioDevice(synth, way)
        tell(Status("preview", "ready"))
        serve(inbox, synth, speaker, tell)
        speaker.close()
    except BachBridgeError as error:
        tell(Failed(str(error)))
        return 1
    except OSError:  # the window has ended, and nobody reads what is told
        return 1
    return 0


def serve(inbox: "SimpleQueue[Message | None]", synth: Synth, device: AudioDevice, send_message: SendMessage) -> None:
    """Take message after message until None; `BachBridgeError` if the device goes away."""
    while True:
        try:
            message = inbox.get(timeout=_POLL_S if device.running else None)
            if message is None:
                break
            apply_message(synth, message)
        except Empty:
            pass
        _update_device(synth, device, send_message)
    if device.running:
        synth.panic()
        time.sleep(_FADE_OUT_S)


def apply_message(synth: Synth, message: Message) -> None:
    """What a message does to the sound."""
    match message:
        case Sent(data):
            synth.handle_midi(data, from_player=False)
        case Received(data) | Midi(data):
            synth.handle_midi(data, from_player=True)
        case Panic():
            synth.panic()
        case Setting("volume", float() | int() as volume):
            synth.set_volume(volume)
        case _:
            pass


def _update_device(synth: Synth, device: AudioDevice, send_message: SendMessage) -> None:
    """The device runs while something is to be heard, and no longer."""
    if device.stalled:
        raise BachBridgeError("The sound device has gone away: plug it in and switch the preview sound on again.")
    if synth.sounding_count and not device.running:
        device.start()
        send_message(Status("preview", "sounding"))
    elif device.running and device.silent_s > _STOP_AFTER_S:
        device.stop()
        send_message(Status("preview", "silent"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
