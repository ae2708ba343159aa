"""A dead engine in the whole window: it is replaced, and nothing of it is left over."""

from bachbridge.protocol.effects import ClockTempo
from bachbridge.protocol.events import Panic
from bachbridge.protocol.notices import Connections
from tests.support.assembled_window import S, WindowHarness


def test_dead_engine_is_reported_and_restarted_with_settings(opened: WindowHarness) -> None:
    opened.store.set("temperature", 1.25)
    opened.store.set("answer_bars", 3)
    opened.engine.die()
    opened.advance(34_000_000)
    assert "ended unexpectedly" in opened.window.notice.text()
    assert opened.engines[0].closed
    opened.advance()
    assert len(opened.engines) == 2
    settings, ports = opened.started[-1]
    assert (settings.temperature, settings.answer_bars, ports) == (1.25, 3, True)
    assert settings == opened.store.settings
    assert opened.core.is_ready
    opened.advance(10 * S)
    assert opened.window.notice.text() == ""


def test_death_of_engine_ends_exchange_under_way(opened: WindowHarness) -> None:
    opened.play(60, 62, 64)
    opened.store.give_command("end_phrase")
    opened.advance(S)
    assert opened.state.timeline.sounding_notes()
    opened.engine.die()
    opened.advance(2 * S)
    assert opened.state.timeline.is_idle
    assert opened.preview_process.sent[-1] == Panic()
    opened.play_exchange(72, 71, 69)
    *_, entry = opened.parts.phrases.model.entries.items
    assert [note.pitch for note in entry.prompt.notes] == [72, 71, 69]
    assert entry.answer
    assert all(span.end_ns is not None for span in opened.state.timeline.spans)


def test_dead_engines_answer_is_not_planned_by_the_next(opened: WindowHarness) -> None:
    opened.play(72, 74, 76)
    opened.store.give_command("end_phrase")
    opened.advance(S)
    opened.engine.die()
    opened.advance(2 * S)
    opened.play(48, 50, 52)
    opened.store.give_command("end_phrase")
    seen: set[int] = set()
    for _ in range(40):
        opened.advance(33_000_000)
        seen |= {note.pitch for note in opened.state.timeline.planned}
    assert seen
    assert max(seen) == 52


def test_dead_engines_clock_is_forgotten(opened: WindowHarness) -> None:
    opened.engine.emit(ClockTempo(97.0))
    opened.advance()
    assert "97" in opened.state.tempo_text()
    opened.engine.die()
    opened.advance(2 * S)
    assert "97" not in opened.state.tempo_text()


def test_receiver_of_new_engine_is_silenced_once(opened: WindowHarness) -> None:
    opened.engine.die()
    opened.advance(2 * S)
    assert len(opened.engines) == 2
    opened.engine.emit(Connections(0, 0))
    opened.advance()
    assert not opened.engine_received(Panic)
    opened.engine.emit(Connections(0, 1))
    opened.advance()
    opened.engine.emit(Connections(0, 2))
    opened.advance()
    assert opened.engine_received(Panic) == [Panic()]
