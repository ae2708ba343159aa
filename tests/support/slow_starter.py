"""A program that starts the engine, prints the engine's process id, and waits to be killed."""

import sys
import threading

from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.events import EndPhrase, ModelUp
from bachbridge.protocol.notices import Received
from bachbridge.settings import Settings

if __name__ == "__main__":
    settings = Settings(bpm=300, phrase_end="control", answer_bars=16)
    with EngineLink(settings, model_command=sys.argv[1:]) as link:
        print(link.pid, flush=True)
        for message in link.messages():
            if isinstance(message, Received) and message.data[0] & 0xF0 == 0x80:
                link.send(EndPhrase())
            elif isinstance(message, ModelUp):
                print("ready", flush=True)
        threading.Event().wait()
