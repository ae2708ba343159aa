"""A song as parts in real time, with the file's own tempos, to be rendered as sound."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from bachbridge.files.midi_reader import MidiSong
from bachbridge.music.notes import VOICES
from bachbridge.music.performance import Part, TimedNote
from bachbridge.music.timeline import Tempo, Timeline, notes_by_part, part_voices


def timed_parts(song: MidiSong) -> list[Part]:
    """Return the song's parts; four voices have their own places, other parts those of the voices in turn."""
    notes = notes_by_part(song.notes)
    voice_of = part_voices(song.notes, song.track_names, song.timeline)
    time_at = _clock(song.timeline)
    return [
        Part(
            voice_of.get(part, number % len(VOICES)),
            tuple(TimedNote(time_at(n.start), time_at(n.end), n.pitch, n.velocity) for n in notes[part]),
            song.track_names[part[0]],
        )
        for number, part in enumerate(sorted(notes))
    ]


def _clock(timeline: Timeline) -> Callable[[int], int]:
    """Return the function from ticks to nanoseconds."""
    starts = [0]
    for one, other in pairwise(timeline.tempos):
        starts.append(starts[-1] + _span_ns(one, other.tick, timeline.ticks_per_beat))

    def time_at(tick: int) -> int:
        index = _tempo_index(timeline.tempos, tick)
        return starts[index] + _span_ns(timeline.tempos[index], tick, timeline.ticks_per_beat)

    return time_at


def _span_ns(tempo: Tempo, tick: int, ticks_per_beat: int) -> int:
    return (tick - tempo.tick) * tempo.beat_us * 1000 // ticks_per_beat


def _tempo_index(tempos: Sequence[Tempo], tick: int) -> int:
    return max(index for index, tempo in enumerate(tempos) if tempo.tick <= tick)
