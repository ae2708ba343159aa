"""Content of the piano roll: notes as they begin and end, planned notes, bars and phrases.

The timeline gets every message of the engine and is read once a frame. It knows no widgets and no clock.
A `Received` message is a note of the player, a `Sent` one a note of BachBridge; its channel tells the voice.
If the player's own notes are passed on, the copy is not shown again. Planned notes are the notes of the answer that
have arrived but not begun.
"""

from bisect import bisect_left
from dataclasses import replace

from bachbridge.midi import messages as midi
from bachbridge.music.notes import VOICES, Note, keep_longest_notes
from bachbridge.protocol.effects import AnswerEnded, AnswerStarted, BarStarted, PhraseEnded
from bachbridge.protocol.events import Answer, PortsChanged
from bachbridge.protocol.notices import Message, Received, Sent
from bachbridge.settings import Settings
from bachbridge_gui.state.harmony_track import HarmonyTrack
from bachbridge_gui.state.view_types import PLAYER, BarLines, PhraseSpan, RollNote

_THRU_COPY_NS = 60_000_000
"""A note that is passed on is sent within this time after it was received."""
_MAX_NOTES = 12_000
_MAX_BARS = 2_000
_PLANNED_GRACE_NS = 40_000_000
"""For this long after its time a planned note may still begin."""


class RollTimeline:
    """Used on the window's thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        """The present settings; `AppState` sets them when they change."""
        self.notes: list[RollNote] = []
        self.planned: list[RollNote] = []
        self.bars: list[BarLines] = []
        self.spans: list[PhraseSpan] = []
        self.harmony = HarmonyTrack()
        self.revision = 0
        self.last_event_ns = 0
        """Time of the last note or controller."""
        self._sounding: dict[tuple[bool, int, int], list[RollNote]] = {}
        """Sounding notes by (True if sent by BachBridge, channel, pitch)."""
        self._step_ns = 0
        self._answer_notes: dict[int, tuple[Note, ...]] = {}
        self._ask_id, self._answer_due_ns = -1, 0

    @property
    def is_idle(self) -> bool:
        """True if nothing sounds and nothing is planned."""
        return not self.planned and not any(self._sounding.values())

    def sounding_notes(self) -> list[RollNote]:
        return [note for notes in self._sounding.values() for note in notes]

    def handle_message(self, message: Message) -> None:
        """Apply one message of the engine; call it in the order of the messages."""
        match message:
            case Received(data, at_ns):
                self._handle_midi(data, at_ns, from_us=False)
            case Sent(data, _, sent_ns):
                self._handle_midi(data, sent_ns, from_us=True)
            case BarStarted(origin_ns, step_ns, steps_per_bar):
                since_ns = max(origin_ns, self.last_event_ns)
                self.bars.append(BarLines(since_ns, origin_ns, step_ns, steps_per_bar))
                del self.bars[:-_MAX_BARS]
            case PhraseEnded(_, _, step_ns, _):
                self._step_ns = step_ns
            case AnswerStarted(ask, due_ns):
                self._ask_id, self._answer_due_ns = ask, due_ns
                self._answer_notes = {ask: self._answer_notes.get(ask, ())}
                self._update_planned()
            case Answer(ask, notes) if ask >= self._ask_id:
                # An answer that was requested early arrives before it is announced; only the newest of them counts.
                known = {number: self._answer_notes.get(number, ()) for number in (self._ask_id, ask)}
                self._answer_notes = known | {ask: keep_longest_notes((*known[ask], *notes))}
                self._update_planned()
            case AnswerEnded():
                self._answer_notes.clear()
                self.planned.clear()
            case PortsChanged(source, sink) if not (source and sink):
                self.end_all_notes(self.last_event_ns)
            case _:
                if not self.harmony.handle_message(message):
                    return
        self.revision += 1

    def drop_overdue(self, now_ns: int) -> None:
        """Drop planned notes that should have begun by now: they were cancelled."""
        late = sum(1 for note in self.planned if note.start_ns < now_ns - _PLANNED_GRACE_NS)
        if late:
            self.planned = [note for note in self.planned if note.start_ns >= now_ns - _PLANNED_GRACE_NS]
            self.revision += 1

    def end_all_notes(self, now_ns: int) -> None:
        """End all notes, because the engine or its ports are gone."""
        for sounding in self._sounding.values():
            for note in sounding:
                note.end_ns = max(note.start_ns, now_ns)
        self._sounding.clear()
        self._answer_notes.clear()
        self._ask_id = -1
        self.planned.clear()
        self.revision += 1

    def notes_between(self, start_ns: int, end_ns: int) -> list[RollNote]:
        """Return the notes that begin in that time."""
        first = bisect_left(self.notes, start_ns, key=_start_ns)
        return self.notes[first : bisect_left(self.notes, end_ns, key=_start_ns)]

    def begin_span(self, number: int, start_ns: int) -> None:
        self.spans.append(PhraseSpan(number, start_ns, None))
        self.revision += 1

    def end_span(self, number: int, end_ns: int) -> None:
        """End the span of phrase `number` and its answer."""
        self.spans = [replace(s, end_ns=end_ns) if s.number == number else s for s in self.spans][-500:]
        self.revision += 1

    # ------------------------------------------------------------ notes

    def _handle_midi(self, data: bytes, at_ns: int, *, from_us: bool) -> None:
        self.last_event_ns = max(self.last_event_ns, at_ns)
        match midi.decode(data):
            case midi.NoteOn(channel, pitch, velocity):
                self._note_off(from_us, channel, pitch, at_ns)
                if not (from_us and self._is_thru_copy(channel, pitch, at_ns)):
                    self._note_on(
                        from_us, channel, RollNote(self._voice_of_channel(from_us, channel), pitch, velocity, at_ns)
                    )
            case midi.NoteOff(channel, pitch):
                self._note_off(from_us, channel, pitch, at_ns)
            case midi.ControlChange(channel, midi.ALL_NOTES_OFF | midi.ALL_SOUND_OFF, _):
                for sender, at_channel, pitch in list(self._sounding):
                    if sender == from_us and at_channel == channel:
                        self._note_off(from_us, channel, pitch, at_ns)
            case _:
                pass

    def _note_on(self, from_us: bool, channel: int, note: RollNote) -> None:
        self._sounding.setdefault((from_us, channel, note.pitch), []).append(note)
        # The list only grows at its end: a note stamped a moment before its predecessor is moved to it.
        if self.notes:
            note.start_ns = max(note.start_ns, self.notes[-1].start_ns)
        self.notes.append(note)
        if from_us and self.planned:
            self.planned = [p for p in self.planned if not _is_same_onset(p, note)]
        if len(self.notes) > _MAX_NOTES:
            del self.notes[: _MAX_NOTES // 4]

    def _note_off(self, from_us: bool, channel: int, pitch: int, at_ns: int) -> None:
        for note in self._sounding.pop((from_us, channel, pitch), ()):
            note.end_ns = max(note.start_ns + 1, at_ns)

    def _voice_of_channel(self, from_us: bool, channel: int) -> int:
        """Return the voice of a channel; a channel that no voice has carries the player's part."""
        if not from_us or channel + 1 not in self.settings.channels:
            return PLAYER
        return self.settings.channels.index(channel + 1)

    def _is_thru_copy(self, channel: int, pitch: int, at_ns: int) -> bool:
        """True if this is the copy of a player's note that is passed on."""
        if not self.settings.thru:
            return False
        is_recognised = self.settings.voice == "auto" and self.settings.mode == "harmonize"
        numbers = self.settings.channels if is_recognised else (self.settings.channels[self.settings.voice_index],)
        harmonizing = self.settings.mode in ("harmonize", "duet")
        same_key = [
            note
            for (from_us, at_channel, at_pitch), notes in self._sounding.items()
            for note in notes
            if not from_us and at_pitch == pitch and (channel + 1 in numbers if harmonizing else channel == at_channel)
        ]
        return any(0 <= at_ns - note.start_ns < _THRU_COPY_NS for note in same_key)

    def _update_planned(self) -> None:
        """Collect the notes of the answer that are still to come, as they will sound."""
        self.planned = [
            RollNote(
                note.voice,
                note.pitch + 12 * self.settings.octaves[note.voice],
                note.velocity,
                self._answer_due_ns + note.start * self._step_ns,
                self._answer_due_ns + note.end * self._step_ns,
            )
            for note in self._answer_notes.get(self._ask_id, ())
            if VOICES[note.voice][0] in self.settings.harmony
            and self._answer_due_ns + note.start * self._step_ns + note.offset_ns > self.last_event_ns
        ]
        self.planned.sort(key=_start_ns)


def _start_ns(note: RollNote) -> int:
    return note.start_ns


def _is_same_onset(planned: RollNote, note: RollNote) -> bool:
    """True if the planned note is the one that begins here."""
    return planned.pitch == note.pitch and abs(planned.start_ns - note.start_ns) < 4 * _PLANNED_GRACE_NS
