"""The words in a MIDI file, of which only the ends of lines and the punctuation matter here.

Words are lyric events, a syllable each (MIDI Manufacturers Association, Recommended Practice 017: a carriage return
ends a line, a line feed a paragraph). Karaoke files (.kar) have text events instead, in which a slash begins a line and
a backslash a paragraph. Words in a track without notes belong to the track whose notes begin with most of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bachbridge.files.smf import TrackEvent
from bachbridge.music.phrasing.marks import PhraseMark, Sign, SignedLine, phrase_marks, sign_of_syllable
from bachbridge.music.timeline import TickNote

_TEXT, _LYRIC = 0x101, 0x105
_LINE_BEGINS, _LINE_ENDS = "/\\", "\r\n"
_INFORMATION = "@"
"""First letter of a text in a karaoke file that is no word."""


def marks_from_words(
    tracks: Sequence[Sequence[TrackEvent]], notes: Iterable[TickNote], ticks_per_beat: int
) -> tuple[PhraseMark, ...]:
    """Return the marks that the words of a file put into its music; none without words."""
    words = {number: signs for number, events in enumerate(tracks) if (signs := _signs_of_words(events))}
    if not words:
        return ()
    notes_of: defaultdict[int, list[TickNote]] = defaultdict(list)
    for note in notes:
        notes_of[note.track].append(note)
    signs_of: defaultdict[int, list[tuple[int, Sign]]] = defaultdict(list)
    starts = {track: {note.start for note in own} for track, own in notes_of.items()}
    for number, signs in words.items():
        sung = {tick for tick, _ in signs}
        track = number if number in starts else max(starts, key=lambda at: len(starts[at] & sung), default=number)
        signs_of[track] += signs
    return phrase_marks([SignedLine(own, signs_of[track]) for track, own in notes_of.items()], ticks_per_beat)


def _signs_of_words(events: Sequence[TrackEvent]) -> list[tuple[int, Sign]]:
    """Return the tick and the sign of each syllable of a track."""
    kind = _LYRIC if any(event.status == _LYRIC for event in events) else _TEXT
    rows = [(event.tick, event.data.decode("latin-1")) for event in events if event.status == kind]
    if kind == _TEXT and not any(text.startswith(tuple(_LINE_BEGINS)) for _, text in rows):
        return []  # remarks, not words
    found: list[tuple[int, Sign]] = []
    for tick, text in rows:
        word = text.strip(_LINE_BEGINS + _LINE_ENDS + " \0")
        if text[:1] == _INFORMATION:
            continue
        if found and text.startswith((*_LINE_BEGINS, *_LINE_ENDS)):
            found[-1] = found[-1][0], "line"
        if word:
            found.append((tick, "line" if text.rstrip(" \0").endswith(tuple(_LINE_ENDS)) else sign_of_syllable(word)))
    return found
