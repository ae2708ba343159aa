"""The engine process on real ports: its input and output, and that no note is ever left sounding."""

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
from bachbridge.protocol.effects import AnswerEnded, AnswerLate, Harmonized, PhraseEnded
from bachbridge.protocol.events import EndPhrase, Midi, ModelDown, ModelUp, PortsChanged, Reset, Setting
from bachbridge.protocol.notices import Failed, Message, Received, Sent
from bachbridge.settings import Settings
from tests.support.port_daw import PATIENCE_S, Daw, await_message, daw
from tests.support.scripted_model import CHORD_PITCHES
from tests.support.tiny_infill_model import write_tiny_model

HERE = Path(__file__).parent
HELD = [sys.executable, str(HERE.parent / "support/scripted_model.py"), "held"]
STUCK = [sys.executable, str(HERE.parent / "support/scripted_model.py"), "stuck"]
LONG = Settings(bpm=300, phrase_end="control", answer_bars=16)
"""The answer lasts for 12.8 s, so that it never ends before a test stops it."""
SHORT = Settings(bpm=300, phrase_end="control")


@pytest.fixture
def held(jack: DummyServer) -> Iterator[tuple[EngineLink, Daw]]:
    """Yield an engine whose long answer is sounding, and the DAW that receives it."""
    with EngineLink(LONG, model_command=HELD) as link:
        await_model(link)
        with daw() as player:
            play_until_answered(link, player)
            yield link, player


def await_model(link: EngineLink) -> None:
    await_message(link, ModelUp)


def play_until_answered(link: EngineLink, player: Daw) -> None:
    """Play a phrase and wait until the answer's chord sounds."""
    player.play(60)
    while await_message(link, Received).data[0] & 0xF0 != 0x80:
        pass
    link.send(EndPhrase())
    player.wait_until(lambda: len(player.sounding) == len(CHORD_PITCHES))


def test_engine_answers_notes_in_order(jack: DummyServer) -> None:
    messages: list[Message] = []
    with EngineLink(SHORT, model_command=HELD) as link:
        await_model(link)
        with daw() as player:
            player.play(60, 62, 64)
            player.send(bytes((0xB0, 80, 127)))
            await_message(link, AnswerEnded, messages)
            sent = [message for message in messages if isinstance(message, Sent)]
            player.wait_until(lambda: len(player.received) >= len(sent))
            player.wait_until_silent()
    received = [message.data for message in messages if isinstance(message, Received)]
    assert [data[1] for data in received if data[0] == 0x90] == [60, 62, 64]
    (ended,) = [message for message in messages if isinstance(message, PhraseEnded)]
    assert [note.pitch for note in ended.phrase.notes] == [60, 62, 64]
    assert [data for _, data in player.received] == [message.data for message in sent]
    assert [data[:2] for _, data in player.received if data[0] & 0xF0 == 0x90] == [
        bytes((0x90 | voice, pitch)) for voice, pitch in enumerate(CHORD_PITCHES)
    ]


def test_engine_passes_all_notes_through_in_order(jack: DummyServer) -> None:
    with EngineLink(Settings(thru=True, mode="off"), model_command=HELD) as link:
        await_model(link)
        with daw() as player:
            for batch in range(50):
                pitches = [(batch * 7 + n) % 100 + 10 for n in range(8)]
                player.play(*pitches)
                player.wait_until(lambda batch=batch: len(player.received) >= 16 * (batch + 1))
                returned = [data[:2] for _, data in player.received[-16:]]
                assert returned == [bytes((kind, pitch)) for pitch in pitches for kind in (0x90, 0x80)]


def test_engine_harmonises_each_note_until_it_ends(jack: DummyServer) -> None:
    messages: list[Message] = []
    with EngineLink(Settings(mode="harmonize", bpm=300), model_command=HELD) as link:
        await_model(link)
        with daw() as player:
            for pitch in (72, 74, 76):
                player.send(midi.note_on(0, pitch, 80))
                player.wait_until(lambda: len(player.sounding) == 3)
                player.send(midi.note_off(0, pitch))
                player.wait_until_silent()
                player.wait_until(lambda: not player.sounding)
            while len([message for message in messages if isinstance(message, Harmonized)]) < 3:
                await_message(link, Harmonized, messages)
    reports = [message for message in messages if isinstance(message, Harmonized)]
    assert [report.voices for report in reports] == [((1, 67, 68), (2, 64, 68), (3, 48, 76))] * 3


def infill_command(folder: Path) -> list[str]:
    """Return the command of a model process that has an infill model named "tiny"."""
    write_tiny_model(folder / "tiny")
    return [sys.executable, str(HERE.parent / "support/scripted_model.py"), "found", str(folder)]


def test_engine_harmonises_a_phrase_in_four_voices(jack: DummyServer, tmp_path: Path) -> None:
    messages: list[Message] = []
    settings = Settings(bpm=300, phrase_end="control", answer="harmonize")
    with EngineLink(settings, model_command=infill_command(tmp_path)) as link:
        await_model(link)
        link.send(Setting("model", "tiny"))
        assert await_message(link, ModelUp).name == "tiny"
        with daw() as player:
            player.play(67, 69, 71)
            player.send(bytes((0xB0, 80, 127)))
            answer = await_message(link, AnswerEnded, messages)
            sent = [message for message in messages if isinstance(message, Sent)]
            player.wait_until(lambda: len(player.received) >= len(sent))
            player.wait_until_silent()
    assert not answer.interrupted
    (ended,) = [message for message in messages if isinstance(message, PhraseEnded)]
    # They were played as fast as possible, so they form a chord.
    assert {note.pitch for note in answer.notes} >= {note.pitch for note in ended.phrase.notes} == {67, 69, 71}
    returned = [data for _, data in player.received if data[0] & 0xF0 == 0x90]
    assert {data[1] for data in returned} >= {67, 69, 71}
    assert {data[0] & 0x0F for data in returned} == {0, 1, 2, 3}


def test_dream_keeps_its_instrument_until_it_is_stopped(jack: DummyServer) -> None:
    settings = Settings(bpm=300, phrase_end="control", answer="dream", answer_bars=1, instrument="Church Organ")
    with EngineLink(settings, model_command=HELD) as link:
        await_model(link)
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


def test_engine_reports_an_impossible_task_at_once(jack: DummyServer, tmp_path: Path) -> None:
    with EngineLink(
        Settings(bpm=300, phrase_end="control", answer="vary"), model_command=infill_command(tmp_path)
    ) as link:
        await_model(link)
        with daw() as player:
            player.play(67, 69, 71)
            player.send(bytes((0xB0, 80, 127)))
            assert "chorale-lstm cannot vary a phrase" in await_message(link, AnswerLate).what


def test_partner_harmonises_while_the_infill_model_looks_ahead(jack: DummyServer, tmp_path: Path) -> None:
    settings = Settings(mode="harmonize", model="tiny", bpm=120)
    with EngineLink(settings, model_command=infill_command(tmp_path)) as link:
        await_model(link)
        with daw() as player:
            for pitch in (67, 69, 71, 72):
                player.send(midi.note_on(0, pitch, 80))
                player.wait_until(lambda: len(player.sounding) == 3)
                player.send(midi.note_off(0, pitch))
            player.wait_until_silent()


def test_engine_ends_the_answer_when_the_player_goes_on(held: tuple[EngineLink, Daw]) -> None:
    link, player = held
    player.play(50)
    assert await_message(link, AnswerEnded).interrupted
    player.wait_until_silent()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_engine_ends_its_notes_and_exits_on_a_signal(held: tuple[EngineLink, Daw], number: int) -> None:
    link, player = held
    psutil.Process(link.pid).send_signal(number)
    player.wait_until_silent()
    assert link.close() == 0


def test_engine_ends_its_notes_and_exits_when_the_pipe_closes(held: tuple[EngineLink, Daw]) -> None:
    link, player = held
    assert link.close() == 0
    player.wait_until_silent()


def test_engine_restarts_a_dead_model_and_leaves_no_note(jack: DummyServer) -> None:
    with EngineLink(LONG, model_command=STUCK) as link:
        await_model(link)
        with daw() as player:
            play_until_answered(link, player)
            (model,) = [child for child in psutil.Process(link.pid).children() if "stuck" in child.cmdline()]
            model.kill()
            await_message(link, ModelDown)
            player.wait_until_silent()
            await_message(link, ModelUp)
            player.received.clear()
            play_until_answered(link, player)
            player.wait_until_silent()


def test_engine_ends_its_notes_and_exits_when_its_parent_dies(jack: DummyServer) -> None:
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


def test_engine_reports_an_ambiguous_or_unknown_port_name(jack: DummyServer) -> None:
    with daw(None, None, "Keys") as _, daw(None, None, "Keyboard") as _:
        assert ': choose "Key' in failure("no such thing")
        several = failure("key")
        assert '"Keys:Keys Out"' in several
        assert '"Keyboard:Keyboard Out"' in several
        with EngineLink(SHORT, "keys out", "KEYBOARD IN", model_command=HELD) as link:
            assert await_message(link, PortsChanged).input == "Keys:Keys Out"


def failure(input_name: str) -> str:
    """Return the sentence with which the engine gives up."""
    with EngineLink(SHORT, input_name, model_command=HELD) as link:
        (failed,) = [message for message in link.messages() if isinstance(message, Failed)]
        assert link.close() == 1
        return failed.error


def test_engine_reopens_named_ports_that_come_back(jack: DummyServer) -> None:
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
    """Wait until both ports have these names; they may change one after the other."""
    while await_message(link, PortsChanged) != wanted:
        pass


def test_engine_recreates_its_ports_when_jack_comes_back(jack: DummyServer) -> None:
    with EngineLink(SHORT, model_command=HELD) as link:
        opened = await_message(link, PortsChanged)
        jack.stop()
        await_ports(link, PortsChanged("", ""))
        jack.start()
        await_ports(link, opened)
        with daw() as player:
            play_until_answered(link, player)
            player.wait_until_silent()


def test_engine_without_ports_uses_the_pipe() -> None:
    messages: list[Message] = []
    with EngineLink(SHORT, ports=False, model_command=HELD) as link:
        await_model(link)
        link.send(Midi(bytes((0x90, 60, 80))))
        link.send(Midi(bytes((0x80, 60, 0))))
        link.send(EndPhrase())
        await_message(link, AnswerEnded, messages)
    sent = [message.data[0] & 0xF0 for message in messages if isinstance(message, Sent)]
    assert sorted(sent) == [0x80] * 4 + [0x90] * 4
