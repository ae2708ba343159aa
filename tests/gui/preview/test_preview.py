"""The preview sound: when it is heard, and its process on a silent device."""

import re
import sys
import time
from collections.abc import Callable
from itertools import product
from queue import SimpleQueue

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from bachbridge.errors import BachBridgeError
from bachbridge.install_advice import install_advice
from bachbridge.midi import messages as midi
from bachbridge.process.ipc import ChildProcess, process_command
from bachbridge.protocol.events import Midi, Panic, Setting
from bachbridge.protocol.notices import Failed, Message, PreviewState, Received, Sent
from bachbridge_gui.preview.audio_device import AudioDevice, load_miniaudio
from bachbridge_gui.preview.client import PreviewSound, preview_status, process_starter
from bachbridge_gui.preview.process import apply_message, serve
from bachbridge_gui.preview.sound_source import SoundSource

ON, OFF = midi.note_on(0, 60, 90), midi.note_off(0, 60)
FIRST_SETTINGS = [Setting("volume", 0.8), Setting("sound", "organ"), Setting("sound_font", "auto")]
SILENT_PROCESS = [sys.executable, "-m", "bachbridge_gui.preview.process", "--way", "null"]


class FakeProcess:
    """A preview process that only records messages."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.deliver: Callable[[Message | None], None] = lambda _: None
        self.starts = 0

    def start(self, receive: Callable[[Message | None], None]) -> "FakeProcess":
        self.starts += 1
        self.deliver = receive
        return self

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def stop(self, timeout_s: float = 0.0) -> int:
        return 0


@pytest.fixture
def fake() -> FakeProcess:
    return FakeProcess()


@pytest.fixture
def preview(fake: FakeProcess, qtbot: QtBot) -> PreviewSound:
    return PreviewSound(fake.start)


def test_preview_status_depends_on_switch_and_daw():
    assert {choice: preview_status(*choice)[0] for choice in product((None, True, False), (True, False))} == {
        (None, True): False,
        (None, False): True,
        (True, True): True,
        (True, False): True,
        (False, True): False,
        (False, False): False,
    }
    assert preview_status(None, True)[1] == "The preview sound is off because a DAW listens to BachBridge Out."


def test_preview_forwards_only_sounding_messages(preview: PreviewSound, fake: FakeProcess):
    preview.forward(Received(b"\xf8", 1))
    preview.forward(PreviewState("ready"))
    preview.forward(Panic())
    assert fake.starts == 0
    preview.forward(Received(ON, 1))
    preview.forward(Sent(ON, 1, 1))
    assert fake.starts == 1
    assert fake.sent == [*FIRST_SETTINGS, Received(ON, 1), Sent(ON, 1, 1)]


def test_preview_is_silenced_when_daw_connects(preview: PreviewSound, fake: FakeProcess):
    preview.forward(Received(ON, 1))
    preview.set_daw_connected(True)
    assert fake.sent[-1] == Panic()
    assert "because a DAW listens" in preview.status_text
    preview.forward(Received(ON, 2))
    assert fake.sent[-1] == Panic()
    preview.user_choice = True
    preview.forward(Received(ON, 3))
    assert fake.sent[-1] == Received(ON, 3)


def test_preview_reports_missing_device_once_and_retries(preview: PreviewSound, fake: FakeProcess):
    preview.start_early()
    fake.deliver(Failed("No sound device was found."))
    fake.deliver(None)
    assert preview.failure_text == ""  # nobody wants to hear a note yet
    preview.forward(Received(ON, 1))
    fake.deliver(Failed("No sound device was found."))
    fake.deliver(None)
    assert preview.failure_text == preview.status_text == "No sound device was found."
    preview.forward(Received(ON, 1))
    assert fake.starts == 2
    preview.user_choice = True
    preview.forward(Received(ON, 1))
    assert (fake.starts, preview.failure_text) == (3, "")


def test_preview_restarts_dead_process_a_few_times(preview: PreviewSound, fake: FakeProcess):
    for _ in range(9):
        preview.forward(Received(ON, 1))
        fake.deliver(None)
    assert fake.starts == 3
    assert "several times" in preview.failure_text


def test_preview_ignores_messages_of_dead_process(preview: PreviewSound, fake: FakeProcess):
    preview.start_early()
    first = fake.deliver
    first(None)
    preview.start_early()
    first(Failed("too late"))
    assert preview.failure_text == ""


def test_preview_sends_volume_at_once_and_to_new_process(preview: PreviewSound, fake: FakeProcess):
    preview.volume = 7
    preview.start_early()
    preview.volume = 0.25
    assert fake.sent == [Setting("volume", 1.0), *FIRST_SETTINGS[1:], Setting("volume", 0.25)]


def test_process_command_of_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch):
    assert process_command("preview")[1:] == ["-m", "bachbridge_gui.preview.process"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert process_command("preview")[1:] == ["--child", "preview"]


def test_apply_message_reaches_synth():
    synth = SoundSource()
    apply_message(synth, Setting("volume", 1))
    for message in (Sent(ON, 0, 0), Received(ON, 0), Midi(midi.note_on(0, 64, 1))):
        apply_message(synth, message)
    assert synth.sounding_count == 3
    apply_message(synth, Panic())
    assert not np.any(synth.render(1000)[500:])


def test_click_is_a_short_stroke_of_its_own():
    sounds: dict[str, list[float]] = {}
    for name, data in (("click", midi.note_on(9, 76, 90)), ("organ", midi.note_on(0, 76, 90))):
        synth = SoundSource()
        apply_message(synth, Sent(data, 0, 0))
        rendered = synth.render(24_000)
        sounds[name] = [float(np.abs(rendered[at : at + 4_000]).max()) for at in (0, 20_000)]
    assert sounds["click"][0] > 0.05
    assert sounds["click"][1] < 0.001 < sounds["organ"][1]


def test_missing_sound_device_raises_sentence():
    pytest.importorskip("miniaudio")
    foreign_backend = "wasapi" if sys.platform != "win32" else "coreaudio"
    with pytest.raises(BachBridgeError, match=r"No sound device was found: .*\.$"):
        AudioDevice(SoundSource(), foreign_backend)


def test_missing_miniaudio_raises_install_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(BachBridgeError, match=re.escape(install_advice("gui"))):
        load_miniaudio()


class FakeDevice:
    """A fake device whose silence and failure the test sets."""

    def __init__(self, silent_s: float = 0.0, stalled: bool = False) -> None:
        self.running, self.silent_s, self.stalled = False, silent_s, stalled
        self.log: list[str] = []

    def start(self) -> None:
        self.running = True
        self.log.append("start")

    def stop(self) -> None:
        self.running = False
        self.log.append("stop")


def run_serve(device: FakeDevice, *messages: Message) -> list[Message]:
    inbox: SimpleQueue[Message | None] = SimpleQueue()
    for message in (*messages, None):
        inbox.put(message)
    sent: list[Message] = []
    serve(inbox, SoundSource(), device, sent.append)  # pyright: ignore[reportArgumentType] # a fake device
    return sent


def test_device_runs_only_while_something_sounds():
    device = FakeDevice(silent_s=3)
    assert run_serve(device, Panic(), Received(OFF, 0)) == []
    assert run_serve(device, Received(ON, 0), Panic()) == [PreviewState("sounding"), PreviewState("silent")]
    assert device.log == ["start", "stop"]


def test_stalled_device_raises_error():
    with pytest.raises(BachBridgeError, match="has gone away"):
        run_serve(FakeDevice(stalled=True), Received(ON, 0))


def test_preview_process_reports_and_ends_with_its_pipe():
    pytest.importorskip("miniaudio")
    received: SimpleQueue[Message | None] = SimpleQueue()
    child = ChildProcess(SILENT_PROCESS, received.put)
    assert received.get(timeout=20) == PreviewState("ready")
    child.send(Received(ON, 0))
    assert received.get(timeout=5) == PreviewState("sounding")
    child.send(Received(OFF, 0))
    assert received.get(timeout=10) == PreviewState("silent")
    child.send(Sent(ON, 0, 0))
    sent_s = time.monotonic()
    assert received.get(timeout=5) == PreviewState("sounding")
    assert time.monotonic() - sent_s < 1
    assert child.stop() == 0
    assert received.get(timeout=5) is None


def test_preview_failure_arrives_in_window_thread(qtbot: QtBot):
    pytest.importorskip("miniaudio")
    foreign_backend = "wasapi" if sys.platform != "win32" else "coreaudio"
    preview = PreviewSound(process_starter([*process_command("preview"), "--way", foreign_backend]))
    preview.forward(Received(ON, 0))
    qtbot.waitUntil(lambda: preview.failure_text.startswith("No sound device was found"), timeout=20_000)
    assert (preview.is_audible, preview.check_state) == (False, "warning")
    preview.close()


def test_preview_sends_another_sound_and_restarts_for_a_font(preview: PreviewSound, fake: FakeProcess):
    preview.start_early()
    preview.set_instruments("choir", "auto")
    assert (fake.sent[-1], fake.starts) == (Setting("sound", "choir"), 1)
    preview.set_instruments("choir", "/fonts/a.sf2")
    assert fake.starts == 2
    assert fake.sent[-2:] == [Setting("sound", "choir"), Setting("sound_font", "/fonts/a.sf2")]
    fake.deliver(PreviewState("loaded", "a.sf2"))
    assert preview.status_text.endswith("BachBridge Out. It plays a.sf2.")


def test_preview_that_dies_comes_back_without_its_font(preview: PreviewSound, fake: FakeProcess):
    preview.start_early()
    fake.deliver(None)
    preview.forward(Received(ON, 1))
    assert Setting("sound_font", "none") in fake.sent
    fake.deliver(PreviewState("loaded"))
    assert "built-in instruments" in preview.status_text
    preview.set_instruments("organ", "b.sf2")
    assert fake.sent[-1] == Setting("sound_font", "b.sf2")
    fake.deliver(PreviewState("loaded", "", "b.sf2 is not a sound font."))
    assert preview.status_text.endswith("b.sf2 is not a sound font.")
