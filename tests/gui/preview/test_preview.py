"""The preview sound: when it is heard, and the process that sounds, on a device that nobody hears."""

import sys
import time
from collections.abc import Callable
from itertools import product
from queue import SimpleQueue

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bachbridge.errors import BachBridgeError
from bachbridge.midi import messages as midi
from bachbridge.process.ipc import ChildProcess, process_command
from bachbridge.protocol.events import Failed, Message, Midi, Panic, Received, Sent, Setting, Status
from bachbridge_gui.preview.audio_device import AudioDevice, load_miniaudio
from bachbridge_gui.preview.client import PreviewSound, preview_status, process_starter
from bachbridge_gui.preview.process import apply_message, serve
from bachbridge_gui.preview.synth import Synth

ON, OFF = midi.note_on(0, 60, 90), midi.note_off(0, 60)
NOBODY = [sys.executable, "-m", "bachbridge_gui.preview.process", "--way", "null"]


class Fake:
    """A process that only remembers."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.say: Callable[[Message | None], None] = lambda _: None
        self.starts = 0

    def start(self, receive: Callable[[Message | None], None]) -> "Fake":
        self.starts += 1
        self.say = receive
        return self

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def stop(self, timeout_s: float = 0.0) -> int:
        return 0


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def preview(fake: Fake, qtbot: QtBot) -> PreviewSound:
    return PreviewSound(fake.start)


def test_it_is_off_as_soon_as_a_daw_listens_unless_switched_on():
    assert {choice: preview_status(*choice)[0] for choice in product((None, True, False), (True, False))} == {
        (None, True): False,
        (None, False): True,
        (True, True): True,
        (True, False): True,
        (False, True): False,
        (False, False): False,
    }
    assert preview_status(None, True)[1] == "The preview sound is off because a DAW listens to BachBridge Out."


def test_only_what_sounds_is_forwarded_and_starts_the_process(preview: PreviewSound, fake: Fake):
    preview.forward(Received(b"\xf8", 1))
    preview.forward(Status("port", "open"))
    preview.forward(Panic())
    assert fake.starts == 0
    preview.forward(Received(ON, 1))
    preview.forward(Sent(ON, 1, 1))
    assert fake.starts == 1
    assert fake.sent == [Setting("volume", 0.8), Received(ON, 1), Sent(ON, 1, 1)]


def test_a_daw_that_connects_silences_it(preview: PreviewSound, fake: Fake):
    preview.forward(Received(ON, 1))
    preview.set_daw_connected(True)
    assert fake.sent[-1] == Panic()
    assert "because a DAW listens" in preview.status_text
    preview.forward(Received(ON, 2))
    assert fake.sent[-1] == Panic()
    preview.user_choice = True
    preview.forward(Received(ON, 3))
    assert fake.sent[-1] == Received(ON, 3)


def test_no_device_is_said_once_and_switching_on_tries_again(preview: PreviewSound, fake: Fake):
    preview.start_early()
    fake.say(Failed("No sound device was found."))
    fake.say(None)
    assert preview.failure_text == preview.status_text == "No sound device was found."
    preview.forward(Received(ON, 1))
    assert fake.starts == 1
    preview.user_choice = True
    preview.forward(Received(ON, 1))
    assert (fake.starts, preview.failure_text) == (2, "")


def test_a_process_that_dies_is_started_again_by_the_next_note_but_not_for_ever(preview: PreviewSound, fake: Fake):
    for _ in range(9):
        preview.forward(Received(ON, 1))
        fake.say(None)
    assert fake.starts == 3
    assert "several times" in preview.failure_text


def test_the_last_words_of_a_dead_process_are_not_its_successors(preview: PreviewSound, fake: Fake):
    preview.start_early()
    first = fake.say
    first(None)
    preview.start_early()
    first(Failed("too late"))
    assert preview.failure_text == ""


def test_the_volume_is_told_at_once_and_to_a_new_process(preview: PreviewSound, fake: Fake):
    preview.volume = 7
    preview.start_early()
    preview.volume = 0.25
    assert fake.sent == [Setting("volume", 1.0), Setting("volume", 0.25)]


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch):
    assert process_command("preview")[1:] == ["-m", "bachbridge_gui.preview.process"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert process_command("preview")[1:] == ["--child", "preview"]


def test_the_messages_reach_the_synthesizer():
    synth = Synth()
    apply_message(synth, Setting("volume", 1))
    for message in (Sent(ON, 0, 0), Received(ON, 0), Midi(midi.note_on(0, 64, 1))):
        apply_message(synth, message)
    assert synth.sounding_count == 3
    apply_message(synth, Panic())
    assert not np.any(synth.render(1000)[500:])


def test_no_sound_device_is_a_sentence():
    pytest.importorskip("miniaudio")
    elsewhere = "wasapi" if sys.platform != "win32" else "coreaudio"
    with pytest.raises(BachBridgeError, match=r"No sound device was found: .*\.$"):
        AudioDevice(Synth(), elsewhere)


def test_without_the_library_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(BachBridgeError, match="pip install miniaudio"):
        load_miniaudio()


class Recorder:
    """A device under the test's thumb: it runs, rests or is gone."""

    def __init__(self, silent_s: float = 0.0, stalled: bool = False) -> None:
        self.running, self.silent_s, self.stalled = False, silent_s, stalled
        self.log: list[str] = []

    def start(self) -> None:
        self.running = True
        self.log.append("start")

    def stop(self) -> None:
        self.running = False
        self.log.append("stop")


def served(speaker: Recorder, *messages: Message) -> list[Message]:
    inbox: SimpleQueue[Message | None] = SimpleQueue()
    for message in (*messages, None):
        inbox.put(message)
    told: list[Message] = []
    serve(inbox, Synth(), speaker, told.append)  # pyright: ignore[reportArgumentType]
    return told


def test_the_device_runs_only_while_something_sounds():
    speaker = Recorder(silent_s=3)
    assert served(speaker, Panic(), Received(OFF, 0)) == []
    assert served(speaker, Received(ON, 0), Panic()) == [Status("preview", "sounding"), Status("preview", "silent")]
    assert speaker.log == ["start", "stop"]


def test_a_device_that_is_gone_is_told():
    with pytest.raises(BachBridgeError, match="has gone away"):
        served(Recorder(stalled=True), Received(ON, 0))


def test_the_process_starts_sounds_rests_and_ends_with_its_pipe():
    pytest.importorskip("miniaudio")
    said: SimpleQueue[Message | None] = SimpleQueue()
    child = ChildProcess(NOBODY, said.put)
    assert said.get(timeout=20) == Status("preview", "ready")
    child.send(Received(ON, 0))
    assert said.get(timeout=5) == Status("preview", "sounding")
    child.send(Received(OFF, 0))
    assert said.get(timeout=10) == Status("preview", "silent")
    child.send(Sent(ON, 0, 0))
    asked_s = time.monotonic()
    assert said.get(timeout=5) == Status("preview", "sounding")
    assert time.monotonic() - asked_s < 1
    assert child.stop() == 0
    assert said.get(timeout=5) is None


def test_what_the_process_says_arrives_in_the_windows_thread(qtbot: QtBot):
    pytest.importorskip("miniaudio")
    elsewhere = "wasapi" if sys.platform != "win32" else "coreaudio"
    preview = PreviewSound(process_starter([*process_command("preview"), "--way", elsewhere]))
    preview.forward(Received(ON, 0))
    qtbot.waitUntil(lambda: preview.failure_text.startswith("No sound device was found"), timeout=20_000)
    assert (preview.is_audible, preview.check_state) == (False, "warning")
    preview.close()
