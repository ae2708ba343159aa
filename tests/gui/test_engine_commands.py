"""Commands in the whole window: buttons, keys and controllers reach the engine, and closing ends everything."""

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.music.example_phrase import load_example
from bachbridge.protocol.events import AnswerPhrase, Cadence, EndPhrase, Midi, Panic, PlayPhrase, Reset, Setting
from bachbridge.protocol.notices import Sent
from bachbridge_gui.settings.store import COMMANDS
from bachbridge_gui.state.view_types import PLAYER
from tests.support.assembled_window import MS, S, WindowHarness


@pytest.mark.parametrize(
    ("command", "kind"), [("panic", Panic), ("end_phrase", EndPhrase), ("cadence", Cadence), ("reset", Reset)]
)
def test_command_is_sent_to_engine(opened: WindowHarness, command: str, kind: type) -> None:
    opened.store.give_command(command)
    assert len(opened.engine_received(kind)) == 1


def test_panic_silences_preview_sound(opened: WindowHarness) -> None:
    opened.play(60)
    opened.store.give_command("panic")
    assert opened.preview_process.sent[-1] == Panic()


def test_panic_button_works_in_every_view(opened: WindowHarness, qtbot: QtBot) -> None:
    for number, view in enumerate(("welcome", "roll", "score", "connect", "monitor"), 1):
        opened.window.show_view(view)
        qtbot.mouseClick(opened.parts.top_bar.panic_button, Qt.MouseButton.LeftButton)
        assert len(opened.engine_received(Panic)) == number


def test_example_is_played_answered_and_listed(opened: WindowHarness) -> None:
    opened.store.give_command("example")
    (prompt,) = opened.engine_received(AnswerPhrase)
    assert isinstance(prompt, AnswerPhrase)
    assert (prompt.phrase, prompt.aloud) == (load_example().phrase, True)
    opened.wait_for_exchanges(1)
    (entry,) = opened.parts.phrases.selected_entries()
    assert entry.answer


def test_play_again_plays_phrase_and_answer(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    opened.store.give_command("play_again")
    (play,) = opened.engine_received(PlayPhrase)
    assert isinstance(play, PlayPhrase)
    assert {note.voice for note in play.phrase.notes} == {PLAYER, 0, 1, 2, 3}


def test_another_answer_uses_next_seed(opened: WindowHarness) -> None:
    opened.play_exchange(60, 62, 64)
    (first,) = opened.parts.phrases.selected_entries()
    for number in (1, 2):
        opened.store.give_command("another")
        prompt = opened.engine_received(AnswerPhrase)[-1]
        assert isinstance(prompt, AnswerPhrase)
        assert prompt == AnswerPhrase(first.prompt, first.step_ns, first.seed + number, aloud=False)
        opened.wait_for_exchanges(number + 1)
        (entry,) = opened.parts.phrases.selected_entries()
        assert entry.seed == first.seed + number
    assert len(opened.parts.phrases.model.entries) == 3


def test_tapping_sets_tempo(opened: WindowHarness) -> None:
    opened.store.set("bpm", 70)
    for _ in range(4):
        opened.store.give_command("tap")
        opened.advance(500 * MS)
    assert opened.store.settings.bpm == 120
    assert len(opened.engine_received(Setting)) == 1, "the engine knows the tempo that it measured"


def test_learnt_tap_controller_works_in_the_engine(opened: WindowHarness) -> None:
    opened.midi_learn.set_active(active=True)
    opened.midi_learn.arm("tap")
    for _ in range(3):
        opened.engine.feed(Midi(midi.control_change(0, 21, 127)))
        opened.advance(600 * MS)
    assert opened.store.settings.tap_control == 21
    assert opened.store.settings.bpm == 100


def test_all_commands_are_tested_here() -> None:
    tested = {"panic", "end_phrase", "cadence", "reset", "example", "play_again", "another", "tap"}
    assert set(COMMANDS) == tested | {"start_playing", "stop_playing"}


def test_start_button_counts_in(opened: WindowHarness) -> None:
    opened.store.give_command("start_playing")
    opened.advance(5 * S)
    clicks = [message for message in opened.preview_process.sent if isinstance(message, Sent)]
    assert [midi.decode(click.data) for click in clicks][::2] == [midi.NoteOn(9, 76, 100)] + 3 * [
        midi.NoteOn(9, 77, 75)
    ]
    assert opened.state.timeline.notes == [], "the roll shows music only"
    opened.store.give_command("stop_playing")
    assert opened.engine.driver.session.deadline is None


def test_start_without_tempo_is_refused_in_a_sentence(opened: WindowHarness) -> None:
    opened.store.set("bpm", 0)
    opened.store.give_command("start_playing")
    opened.advance()
    assert "set one, or tap it" in opened.window.notice.text()


def test_phrase_commands_do_nothing_with_empty_list(opened: WindowHarness) -> None:
    for command in ("play_again", "another"):
        opened.store.give_command(command)
    assert not opened.engine_received(PlayPhrase)
    assert not opened.engine_received(AnswerPhrase)


def test_closing_ends_everything_once_and_saves_changes(opened: WindowHarness) -> None:
    opened.play(60)
    opened.store.set("temperature", 1.5)
    opened.window.close()
    opened.window.close()
    assert opened.engine.closed
    assert opened.preview_process.stopped
    ((prefs, settings),) = opened.saved
    assert settings.temperature == 1.5
    assert prefs.geometry
    opened.frame_loop.run_frame(opened.now_ns + 10 * S)
    assert len(opened.engines) == 1
