"""The process of the preview sound: the window starts it and feeds it over a pipe; at the pipe's end it falls silent.

It plays `Received` and `Midi` (the player's notes) and `Sent` (BachBridge's notes), and obeys `Panic` and the settings
"volume" (0 to 1), "sound" and, once, "sound_font". It reports its `PreviewState`, or `Failed` with a sentence before it
ends. The device is stopped when nothing has sounded for `_STOP_AFTER_S`, and started by the next note.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from bachbridge.errors import BachBridgeError
from bachbridge.process.ipc import dispatch_messages, read_lines, standard_pipes, write_message
from bachbridge.protocol.events import Midi, Panic, Setting
from bachbridge.protocol.notices import Failed, Message, PreviewState, Received, Sent
from bachbridge_gui.preview.audio_device import AudioDevice
from bachbridge_gui.preview.sound_source import SoundSource

_STOP_AFTER_S, _POLL_S = 2.0, 0.5
_FADE_OUT_S = 0.2
"""Time for the device's buffer and the end of the last notes."""

SendMessage = Callable[[Message], None]


def main(arguments: Sequence[str] = ()) -> int:
    """Play until the pipe ends; return the exit status."""
    parser = argparse.ArgumentParser(prog="bachbridge_gui.preview", description=__doc__)
    parser.add_argument("--way", help='the sound system to use, by its name in miniaudio; "null" is silent')
    backend = parser.parse_args(arguments).way
    reader, writer = standard_pipes()
    inbox: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=dispatch_messages, args=(read_lines(reader), inbox.put), name="inbox", daemon=True).start()

    def send_message(message: Message) -> None:
        write_message(writer, message)

    source = SoundSource(lambda font, problem: send_message(PreviewState("loaded", font, problem)))
    try:
        device = AudioDevice(source, backend)
        send_message(PreviewState("ready"))
        serve(inbox, source, device, send_message)
        device.close()
    except BachBridgeError as error:
        send_message(Failed(str(error)))
        return 1
    except OSError:  # the window has ended, so nobody reads the messages
        return 1
    return 0


def serve(
    inbox: "SimpleQueue[Message | None]", source: SoundSource, device: AudioDevice, send_message: SendMessage
) -> None:
    """Handle messages until None arrives; `BachBridgeError` if the device goes away."""
    while True:
        try:
            message = inbox.get(timeout=_POLL_S if device.running else None)
            if message is None:
                break
            apply_message(source, message)
        except Empty:
            pass
        _update_device(source, device, send_message)
    if device.running:
        source.panic()
        time.sleep(_FADE_OUT_S)


def apply_message(source: SoundSource, message: Message) -> None:
    """Apply a message to the source of sound."""
    match message:
        case Sent(data):
            source.handle_midi(data, from_player=False)
        case Received(data) | Midi(data):
            source.handle_midi(data, from_player=True)
        case Panic():
            source.panic()
        case Setting("volume", float() | int() as volume):
            source.set_volume(volume)
        case Setting("sound", str() as name):
            source.set_sound(name)
        case Setting("sound_font", str() as wanted):
            source.set_font(wanted)
        case _:
            pass


def _update_device(source: SoundSource, device: AudioDevice, send_message: SendMessage) -> None:
    """Run the device only while something is to be heard."""
    if device.stalled:
        raise BachBridgeError("The sound device has gone away: plug it in and switch the preview sound on again.")
    if source.sounding_count and not device.running:
        device.start()
        send_message(PreviewState("sounding"))
    elif device.running and device.silent_s > _STOP_AFTER_S:
        device.stop()
        send_message(PreviewState("silent"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
