"""The engine's process on real ports: what goes in and out, and that nothing is ever left sounding."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bachbridge.midi import messages as midi
from bachbridge.midi.jack import DummyServer
from bachbridge.process.ipc import EngineLink
from bachbridge.protocol.effects import (
    AnswerEnded,
    AnswerLate,
    Failed,
    Harmonized,
    Message,
    PhraseEnded,
    Received,
    Sent,
)
from bachbridge.protocol.events import EndPhrase, Midi, ModelDown, ModelUp, PortsChanged, Reset, Setting
from bachbridge.settings import Settings
from tests.support.port_daw import PATIENCE_S, Daw, await_message, daw
from tests.support.scripted_model import CHORD_PITCHES
from tests.support.tiny_infill_model import write_tiny_model

HERE = Path(__file__).parent
HELD = [sys.executable, str(HERE.parent / "support/scripted_model.py"), "held"]
STUCK = [sys.executable, str(HERE.parent / "support/scripted_model.py"), "stuck"]
LONG = Settings(bpm=300, phrase_end="control", answer_bars=16)
"""The answer lasts for 12.8 s: it is never over before a test stops it."""
SHORT = Settings(bpm=300, phrase_end="control")


@pytest.fixture
def held(jack: DummyServer) -> Iterator[tuple[EngineLink, Daw]]:
    """An engine whose long answer is sounding, and who hears it."""
    with EngineLink(LONG, model_command=HELD) as link:
        ready(link)
        with daw() as player:
            answer(link, player)
            yield link, player


def ready(link: EngineLink) -> None:
    await_message(link, ModelUp)


def answer(link: EngineLink, player: Daw) -> None:
    """Play a phrase and wait until the answer's chord sounds."""
    player.play(60)
    while await_message(link, Received).data[0] & 0xF0 != 0x80:
        pass
    link.send(EndPhrase())
    player.wait_until(lambda: len(player.sounding) == len(CHORD_PITCHES))


def test_notes_in_answer_out_in_order(jack: DummyServer) -> None:
    told: list[Message] = []
    with EngineLink(SHORT, model_command=HELD) as link:
        ready(link)
        with daw() as player:
            player.play(60, 62, 64)
            player.send(bytes((0xB0, 80, 127)))
            await_message(link, AnswerEnded, told)
            sent = [message for message in told if isinstance(message, Sent)]
            player.wait_until(lambda: len(player.received) >= len(sent))
            player.wait_until_silent()
    received = [message.data for message in told if isinstance(message, Received)]
    assert [data[1] for data in received if data[0] == 0x90] == [60, 62, 64]
    (heard,) = [message for message in told if isinstance(message, PhraseEnded)]
    assert [note.pitch for note in heard.phrase.notes] == [60, 62, 64]
    assert [data for _, data in player.received] == [message.data for message in sent]
    assert [data[:2] for _, data in player.received if data[0] & 0xF0 == 0x90] == [
        bytes((0x90 | voice, pitch)) for voice, pitch in enumerate(CHORD_PITCHES)
    ]


def test_order_is_kept_and_nothing_lost(jack: DummyServer) -> None:
    with EngineLink(Settings(thru=True, mode="off"), model_command=HELD) as link:
        ready(link)
        with daw() as player:
            for batch in range(50):
                pitches = [(batch * 7 + n) % 100 + 10 for n in range(8)]
                player.play(*pitches)
                player.wait_until(lambda batch=batch: len(player.received) >= 16 * (batch + 1))
                back = [data[:2] for _, data in player.received[-16:]]
                assert back == [bytes((kind, pitch)) for pitch in pitches for kind in (0x90, 0x80)]


def test_a_melody_is_harmonised_in_three_voices_that_end_with_it(jack: DummyServer) -> None:
    told: list[Message] = []
    with EngineLink(Settings(mode="harmonize", bpm=300), model_command=HELD) as link:
        ready(link)
        with daw() as player:
            for pitch in (72, 74, 76):
                player.send(midi.note_on(0, pitch, 80))
                player.wait_until(lambda: len(player.sounding) == 3)
                player.send(midi.note_off(0, pitch))
                player.wait_until_silent()
                player.wait_until(lambda: not player.sounding)
            while len([message for message in told if isinstance(message, Harmonized)]) < 3:
                await_message(link, Harmonized, told)
    reports = [message for message in told if isinstance(message, Harmonized)]
    assert [report.voices for report in reports] == [((1, 67, 68), (2, 64, 68), (3, 48, 76))] * 3


def filling(place: Path) -> list[str]:
    """The command of a model's process that has an infilling model, "tiny"."""
    write_tiny_model(place / "tiny")
    return [sys.executable, str(HERE.parent / "support/scripted_model.py"), "found", str(place)]


def test_the_phrase_comes_back_in_four_voices(jack: DummyServer, tmp_path: Path) -> None:
    told: list[Message] = []
    settings = Settings(bpm=300, phrase_end="control", answer="harmonize")
    with EngineLink(settings, model_command=filling(tmp_path)) as link:
        ready(link)
        link.send(Setting("model", "tiny"))
        assert await_message(link, ModelUp).name == "tiny"
        with daw() as player:
            player.play(67, 69, 71)
            player.send(bytes((0xB0, 80, 127)))
            answered = await_message(link, AnswerEnded, told)
            sent = [message for message in told if isinstance(message, Sent)]
            player.wait_until(lambda: len(player.received) >= len(sent))
            player.wait_until_silent()
    assert not answered.interrupted
    (heard,) = [message for message in told if isinstance(message, PhraseEnded)]
    # They were struck as fast as it goes, so they are a chord.
    assert {note.pitch for note in answered.notes} >= {note.pitch for note in heard.phrase.notes} == {67, 69, 71}
    back = [data for _, data in player.received if data[0] & 0xF0 == 0x90]
    assert {data[1] for data in back} >= {67, 69, 71}
    assert {data[0] & 0x0F for data in back} == {0, 1, 2, 3}


def test_a_dream_goes_on_with_its_instrument_until_it_is_stopped(jack: DummyServer) -> None:
    settings = Settings(bpm=300, phrase_end="control", answer="dream", answer_bars=1, instrument="Church Organ")
    with EngineLink(settings, model_command=HELD) as link:
        ready(link)
        with daw() as player:
            player.play(60)
            player.send(bytes((0xB0, 80, 127)))
            # Five parts of a bar, 0.8 s each.
            player.wait_until(
                lambda: sum(data[0] & 0xF0 == 0x90 for _, data in player.received) >= 5 * len(CHORD_PITCHES)
            )
            assert {(data[0] & 15, data[1]) for _, data in player.received if data[0] & 0xF0 == 0xC0} == {
                (channel, 19) for channel in range(4)
            }
            link.send(Reset())
            player.wait_until_silent()


def test_what_the_model_cannot_do_is_said_at_once(jack: DummyServer, tmp_path: Path) -> None:
    with EngineLink(Settings(bpm=300, phrase_end="control", answer="vary"), model_command=filling(tmp_path)) as link:
        ready(link)
        with daw() as player:
            player.play(67, 69, 71)
            player.send(bytes((0xB0, 80, 127)))
            assert "chorale-lstm cannot vary a phrase" in await_message(link, AnswerLate).what


def test_the_partner_harmonises_while_the_network_looks_ahead(jack: DummyServer, tmp_path: Path) -> None:
    settings = Settings(mode="harmonize", model="tiny", bpm=120)
    with EngineLink(settings, model_command=filling(tmp_path)) as link:
        ready(link)
        with daw() as player:
            for pitch in (67, 69, 71, 72):
                player.send(midi.note_on(0, pitch, 80))
                player.wait_until(lambda: len(player.sounding) == 3)
                player.send(midi.note_off(0, pitch))
            player.wait_until_silent()


def test_playing_again_silences_the_answer(held: tuple[EngineLink, Daw]) -> None:
    link, player = held
    player.play(50)
    assert await_message(link, AnswerEnded).interrupted
    player.wait_until_silent()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_notes_and_the_engine(held: tuple[EngineLink, Daw], number: int) -> None:
    link, player = held
    psutil.Process(link.pid).send_signal(number)
    player.wait_until_silent()
    assert link.close() == 0


def test_closing_the_pipe_ends_the_notes_and_the_engine(held: tuple[EngineLink, Daw]) -> None:
    link, player = held
    assert link.close() == 0
    player.wait_until_silent()


def test_the_models_death_leaves_nothing_sounding_and_is_mended(jack: DummyServer) -> None:
    with EngineLink(LONG, model_command=STUCK) as link:
        ready(link)
        with daw() as player:
            answer(link, player)
            (model,) = psutil.Process(link.pid).children()
            model.kill()
            await_message(link, ModelDown)
            player.wait_until_silent()
            await_message(link, ModelUp)
            player.received.clear()
            answer(link, player)
            player.wait_until_silent()


def test_the_starters_death_ends_the_notes_and_the_engine(jack: DummyServer) -> None:
    program = [sys.executable, str(HERE.parent / "support/slow_starter.py"), *HELD]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        engine = psutil.Process(int(starter.stdout.readline()))
        assert starter.stdout.readline() == "ready\n"
        with daw() as player:
            player.play(60)
            player.wait_until(lambda: len(player.sounding) == len(CHORD_PITCHES))
            starter.kill()
            player.wait_until_silent()
        engine.wait(PATIENCE_S)


def test_a_name_that_fits_nothing_or_too_much_is_told_with_the_candidates(jack: DummyServer) -> None:
    with daw(None, None, "Keys") as _, daw(None, None, "Keyboard") as _:
        assert 'choose one of these: "Key' in failure("no such thing")
        several = failure("key")
        assert '"Keys:Keys Out"' in several
        assert '"Keyboard:Keyboard Out"' in several
        with EngineLink(SHORT, "keys out", "KEYBOARD IN", model_command=HELD) as link:
            assert await_message(link, PortsChanged).input == "Keys:Keys Out"


def failure(input_name: str) -> str:
    """The sentence with which the engine gives up."""
    with EngineLink(SHORT, input_name, model_command=HELD) as link:
        (failed,) = [message for message in link.messages() if isinstance(message, Failed)]
        assert link.close() == 1
        return failed.error


def test_named_ports_that_vanish_are_taken_again(jack: DummyServer) -> None:
    settings = Settings(thru=True, mode="off")
    with daw(None, None, "Keys") as keys, EngineLink(settings, "Keys Out", "Keys In", model_command=HELD) as link:
        opened = await_message(link, PortsChanged)
        assert opened == PortsChanged("Keys:Keys Out", "Keys-01:Keys In")
        keys.close()
        await_ports(link, PortsChanged("", ""))
        with daw(None, None, "Keys") as again:
            await_ports(link, opened)
            again.play(60)
            again.wait_until(lambda: [data[0] for _, data in again.received] == [0x90, 0x80])


def await_ports(link: EngineLink, wanted: PortsChanged) -> None:
    """The two ports may be seen to come and go in separate looks."""
    while await_message(link, PortsChanged) != wanted:
        pass


def test_ports_are_made_anew_when_the_jack_server_comes_back(jack: DummyServer) -> None:
    with EngineLink(SHORT, model_command=HELD) as link:
        opened = await_message(link, PortsChanged)
        jack.stop()
        await_ports(link, PortsChanged("", ""))
        jack.start()
        await_ports(link, opened)
        with daw() as player:
            answer(link, player)
            player.wait_until_silent()


def test_without_ports_the_pipe_is_enough() -> None:
    told: list[Message] = []
    with EngineLink(SHORT, ports=False, model_command=HELD) as link:
        ready(link)
        link.send(Midi(bytes((0x90, 60, 80))))
        link.send(Midi(bytes((0x80, 60, 0))))
        link.send(EndPhrase())
        await_message(link, AnswerEnded, told)
    sent = [message.data[0] & 0xF0 for message in told if isinstance(message, Sent)]
    assert sorted(sent) == [0x80] * 4 + [0x90] * 4
