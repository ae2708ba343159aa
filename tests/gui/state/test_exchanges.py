"""The list of exchanges without its widget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bachbridge.files.midi_reader import read_midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER, Part, TimedNote
from bachbridge_gui.state.exchanges import (
    Exchange,
    ExchangeList,
    exchange_parts,
    exchange_phrase,
    exchange_summary,
    exchange_title,
    file_stem,
    midi_export,
    screen_reader_text,
)

STEP = 125_000_000
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PROMPT = Phrase((Note(0, 4, 60), Note(4, 4, 62), Note(8, 8, 64)), 16, 16, 0)
ANSWER = (Note(0, 8, 67, 90, 0), Note(0, 8, 48, 80, 3), Note(8, 8, 65, 90, 0))


def entry(number: int = 1, after_s: float = 0) -> Exchange:
    return Exchange(number, PROMPT, ANSWER, 16, STEP, NOON + timedelta(seconds=after_s))


def filled(count: int, limit: int = 500) -> ExchangeList:
    entries = ExchangeList(limit)
    for number in range(1, count + 1):
        entries.add(entry(number))
    return entries


def numbers(entries: ExchangeList) -> list[int]:
    return [item.number for item in entries.items]


def test_exchange_list_adds_replaces_names_and_keeps():
    entries = filled(2)
    assert entries.add(replace(entry(1), interrupted=True)) == 0
    entries.rename(1, "  my \n tune ")
    entries.set_kept(1, kept=True)
    assert entries[0].interrupted
    assert (entries[1].name, entries[1].kept) == ("my tune", True)
    assert numbers(entries) == [1, 2]


def test_exchange_list_undoes_deletions_in_place():
    entries = filled(5)
    entries.delete([1, 3])
    entries.delete([0])
    entries.add(entry(6))
    assert numbers(entries) == [3, 5, 6]
    assert [item.number for item in entries.undo()] == [1]
    assert numbers(entries) == [1, 3, 5, 6]
    entries.undo()
    assert numbers(entries) == [1, 2, 3, 4, 5, 6]
    assert entries.undo() == ()
    assert entries.last_deleted == ()


def test_exchange_list_drops_old_exchanges_but_kept_ones():
    entries = filled(3, limit=3)
    entries.set_kept(0, kept=True)
    entries.add(entry(4))
    entries.add(entry(5))
    assert numbers(entries) == [1, 3, 4, 5]
    entries.set_kept(0, kept=False)
    entries.add(entry(6))
    assert numbers(entries) == [4, 5, 6]


def test_exchange_texts_describe_it():
    exchange = entry()
    assert exchange_title(exchange) == "C4 D4 E4"
    assert exchange_title(replace(exchange, name="Mine")) == "Mine"
    assert exchange_summary(exchange) == "1 → 1 bar"
    assert exchange_summary(replace(exchange, interrupted=True)) == "1 → 1 bar, cut short"
    assert exchange_summary(replace(exchange, answer=())) == "1 bar → no answer"
    assert exchange_summary(replace(exchange, mode="harmonize", answer_step=0)) == "1 bar, harmonized"
    assert (
        screen_reader_text(replace(exchange, kept=True)) == "Phrase 1, C4 D4 E4, 1 answered with 1 bar, at 12:00, kept"
    )
    long_phrase = Phrase(tuple(Note(step, 1, 60 + step) for step in range(6)), 40)
    assert exchange_title(replace(exchange, prompt=long_phrase)) == "C4 C#4 D4 …"
    assert exchange_title(replace(exchange, prompt=Phrase((), 16))) == "No notes"


def test_exchange_parts_are_player_and_voices():
    found = exchange_parts(entry())
    assert [part.voice for part in found] == [PLAYER, 0, 3]
    assert found[0].notes[1] == TimedNote(4 * STEP, 8 * STEP, 62, 80)
    assert found[1].notes[0] == TimedNote(16 * STEP, 24 * STEP, 67, 90)


def test_exchange_parts_start_at_a_bar_line():
    early = replace(entry(), prompt=Phrase((Note(0, 4, 60, offset_ns=-9_000),), 16, 16, 0))
    assert exchange_parts(early)[0].notes[0].start_ns == 0
    upbeat = replace(entry(), prompt=Phrase((Note(0, 4, 60),), 4, 16, 12), answer_step=4)
    assert [part.notes[0].start_ns for part in exchange_parts(upbeat)] == [12 * STEP, 16 * STEP, 16 * STEP]


def test_exchange_phrase_has_players_voice():
    phrase = exchange_phrase(entry())
    assert phrase.steps == 32
    assert [(note.start, note.voice) for note in phrase.notes] == [
        *((0, PLAYER), (4, PLAYER), (8, PLAYER), (16, 0), (16, 3), (24, 0))
    ]


def test_midi_export_keeps_bars_between_exchanges():
    bar_ns = 16 * STEP
    piece = midi_export([entry(1), entry(2, after_s=9.1), entry(3, after_s=9.2)])
    player = next(part for part in piece.parts if part.voice == PLAYER)
    assert [note.start_ns / bar_ns for note in player.notes[::3]] == [
        0,
        5,
        7,
    ]  # the third starts after the second has ended


def test_midi_export_puts_all_tempos_on_first_grid():
    piece = midi_export([entry(1), replace(entry(2, after_s=20), step_ns=2 * STEP)])
    starts = [note.start_ns for part in piece.parts for note in part.notes]
    assert all(start % STEP == 0 for start in starts)
    assert piece.bpm == 120


def test_midi_export_writes_tempo_meter_and_tracks(tmp_path: Path):
    waltz = Phrase((Note(0, 4, 60), Note(4, 8, 62)), 12, 12, 0)
    path = tmp_path / "a.mid"
    midi_export([replace(entry(), prompt=waltz, answer_step=12)]).write(path)
    song = read_midi(path)
    assert song.track_names[1:] == ("Player", "Soprano", "Bass")
    assert song.timeline.tempos[0].beat_us == 500_000
    assert song.timeline.meters[0].numerator == 3
    assert [note.start for note in song.phrase.notes] == [0, 4, 12, 12, 20]


def test_file_stem_describes_exchanges():
    assert file_stem([entry(3)]) == "BachBridge 03 answer"
    assert file_stem([replace(entry(3), name="a/b: c")]) == "BachBridge 03 a b c"
    assert file_stem([entry(3), entry(11)]) == "BachBridge 03-11"


def test_exchange_parts_leave_out_empty_parts():
    assert exchange_parts(replace(entry(), answer=())) == [
        Part(PLAYER, exchange_parts(entry())[0].notes),
    ]
