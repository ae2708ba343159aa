"""Measure the mode duet on Bach's melodies.

    python scripts/figures/duet_figures.py VOICE JITTER_MS PIECES [SPECIES] [FOLDER]

The sopranos of validation pieces in 4/4 are played to a session at 84 bpm, each onset off by a normal deviate. The
model is the real one, and a plan takes 6 ms. SPECIES is a value of the setting `counterpoint`. The figures of the voice
and of Bach's own are printed side by side; with a folder, each duet is written there as a MIDI file.
"""

import heapq
import sys
from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import numpy as np

from bachbridge.cli.bench.harmony.lanes import compute_lane_figures
from bachbridge.engine.session import Session
from bachbridge.files.midi_writer import write_midi
from bachbridge.inference.loading import load_model
from bachbridge.midi import messages as midi
from bachbridge.music.frames import Bools, Ints
from bachbridge.music.notes import VOICES, Note
from bachbridge.music.performance import Part, notes_from_grid
from bachbridge.protocol.effects import PlanRequest, Send
from bachbridge.protocol.events import Event, LinkState, Midi, Tick
from bachbridge.settings import Settings
from bachbridge_training.datasets.chorale_grids import FourPartPiece
from bachbridge_training.datasets.chorales import load_chorales

STEP_NS = 178_571_429
PLAN_NS = 6_000_000
ORIGIN_NS = 1_000_000_000
CONSONANCES, PERFECT = (0, 3, 4, 7, 8, 9), (0, 7)


def melody_notes(piece: FourPartPiece) -> list[Note]:
    """Return the soprano on steps that are counted from the first bar line."""
    starts = [int(step) for step in np.flatnonzero(piece.onsets[:, 0] & (piece.pitches[:, 0] >= 0))]
    notes: list[Note] = []
    for start in starts:
        end = start + 1
        while end < len(piece.pitches) and not piece.onsets[end, 0] and piece.pitches[end, 0] >= 0:
            end += 1
        notes.append(Note(start + int(piece.position[0]), end - start, int(piece.pitches[start, 0])))
    return notes


def play(melody: list[Note], settings: Settings, jitter_ns: float, seed: int) -> tuple[list[Note], int]:
    """Return the notes of the model's voice, and their greatest distance after the grid line (ns)."""
    model, session, chance, order = load_model(settings.model), Session(settings), Random(seed), count()
    queue: list[tuple[int, int, Event]] = [(0, next(order), LinkState(ORIGIN_NS, STEP_NS, is_playing=True, peers=1))]
    for note in melody:
        on_ns = ORIGIN_NS + note.start * STEP_NS + round(chance.gauss(0, jitter_ns) if jitter_ns else 0)
        heapq.heappush(queue, (on_ns, next(order), Midi(midi.note_on(0, note.pitch, 80))))
        off_ns = on_ns + round(0.93 * note.length * STEP_NS)
        heapq.heappush(queue, (off_ns, next(order), Midi(midi.note_off(0, note.pitch))))
    notes: list[Note] = []
    latest_ns = 0
    while queue or session.deadline is not None:
        deadline_ns = session.deadline
        if queue and (deadline_ns is None or queue[0][0] <= deadline_ns):
            now_ns, _, event = heapq.heappop(queue)
        else:
            assert deadline_ns is not None
            now_ns, event = deadline_ns, Tick()
        for effect in session.feed(now_ns, event):
            if isinstance(effect, PlanRequest):
                model.follow(effect)  # type: ignore[attr-defined]
                heapq.heappush(queue, (now_ns + PLAN_NS, next(order), model.plan(effect)))  # type: ignore[attr-defined]
            elif isinstance(effect, Send):
                step, late_ns = divmod(now_ns - ORIGIN_NS, STEP_NS)
                if settings.counterpoint != "free":
                    step = (now_ns - ORIGIN_NS + STEP_NS // 2) // STEP_NS
                match midi.decode(effect.data):
                    case midi.NoteOn(_, pitch, velocity):
                        notes.append(Note(step, 1, pitch, velocity, VOICES.index(settings.duet_voice)))
                        latest_ns = max(latest_ns, late_ns)
                    case midi.NoteOff() if notes:
                        notes[-1] = replace(notes[-1], length=max(1, step - notes[-1].start))
                    case _:
                        pass
    return notes, latest_ns


def rows_of(notes: list[Note], first_step: int, steps: int) -> tuple[Ints, Bools]:
    """Return the pitch on each step (0: rest), and the onsets."""
    pitches, onsets = np.zeros(steps, np.int32), np.zeros(steps, np.bool_)
    for note in notes:
        start = note.start - first_step
        pitches[max(0, start) : max(0, start + note.length)] = note.pitch
        if 0 <= start < steps:
            onsets[start] = True
    return pitches, onsets


def add_counts(counts: Counter[str], melody: Ints, voice: Ints, onsets: Bools, position: Ints) -> None:
    """Count what the two voices do together on each step, and from step to step."""
    both = (melody > 0) & (voice > 0)
    beats, interval = both & (position % 4 == 0), np.abs(melody - voice) % 12
    counts["steps"] += int(both.sum())
    counts["onsets"] += int((both & onsets).sum())
    counts["beats"] += int(beats.sum())
    counts["consonant"] += int((beats & np.isin(interval, CONSONANCES)).sum())
    goes_on, product = both[1:] & both[:-1], np.diff(melody) * np.diff(voice)
    counts["moves"] += int((goes_on & (np.diff(voice) != 0)).sum())
    counts["alone"] += int((goes_on & (np.diff(voice) != 0) & (np.diff(melody) == 0)).sum())
    counts["together"] += int((goes_on & (product != 0)).sum())
    counts["contrary"] += int((goes_on & (product < 0)).sum())
    same = (interval[1:] == interval[:-1]) & np.isin(interval[1:], PERFECT)
    counts["parallels"] += int((goes_on & (product > 0) & same).sum())


def describe(name: str, counts: Counter[str]) -> str:
    """Return the figures of a voice in one line."""
    shares = {
        "steps with an onset": counts["onsets"] / counts["steps"],
        "consonant beats": counts["consonant"] / counts["beats"],
        "moves without the melody": counts["alone"] / counts["moves"],
        "contrary among moves together": counts["contrary"] / counts["together"],
        "parallels in 1000 steps": 1000 * counts["parallels"] / counts["steps"],
    }
    return f"{name}: " + ", ".join(f"{what} {share:.3f}" for what, share in shares.items())


def main() -> None:
    """Print the figures of the duet and of Bach's own voice."""
    voice, jitter_ms, piece_count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    species = sys.argv[4] if len(sys.argv) > 4 else "free"
    settings = Settings(mode="duet", duet_voice=voice, counterpoint=species, seed=1, metronome="off")
    lanes: list[tuple[list[Note], list[Note]]] = []
    pieces = [piece for piece in load_chorales("valid") if (piece.bar == 16).all()][:piece_count]
    duet, bach, latest_ns, longest = Counter[str](), Counter[str](), 0, 0
    for number, piece in enumerate(pieces):
        melody, first_step = melody_notes(piece), int(piece.position[0])
        notes, late_ns = play(melody, settings, jitter_ms * 1e6, number)
        latest_ns, longest = max(latest_ns, late_ns), max([longest, *(note.length for note in notes)])
        lanes.append((melody, notes))
        rows, _ = rows_of(melody, first_step, len(piece.pitches))
        add_counts(duet, rows, *rows_of(notes, first_step, len(rows)), piece.position)
        own = VOICES.index(voice)
        add_counts(bach, rows, np.maximum(0, piece.pitches[:, own]), piece.onsets[:, own], piece.position)
        if len(sys.argv) > 5:
            parts = (Part(0, notes_from_grid(melody, STEP_NS)), Part(own, notes_from_grid(notes, STEP_NS)))
            write_midi(Path(sys.argv[5]) / f"duet-{number + 1}.mid", parts, bpm=84.0)
    print(describe("duet", duet))
    print(describe("Bach", bach))
    if species != "free":
        print(species, compute_lane_figures(lanes))
    print(f"latest onset after its line: {latest_ns / 1e6:.1f} ms; longest note: {longest} steps")


if __name__ == "__main__":
    main()
