"""Playback in place of the player: a phrase played again, or a prompt that came from the window.

Playback sounds through the scheduler on the voices' channels; the player's notes have a channel that no voice uses. In
mode "harmonize" a prompt is played by simulated keys: each is handed to the session as if the player had pressed it.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note, player_channel
from bachbridge.engine.tempo.grid import Grid, is_due
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.effects import Effect, Send
from bachbridge.settings import Settings


class Playback:
    """The session's part that plays simulated keys. Used on the engine's thread only."""

    __slots__ = ("_end_ns", "_held_keys", "_on_message", "_play_count", "_scheduler", "_simulated_keys")

    def __init__(self, scheduler: Scheduler, on_message: Callable[[int, midi.MidiMessage], list[Effect]]) -> None:
        """`on_message(now_ns, message)` handles the message of a simulated key."""
        self._scheduler, self._on_message = scheduler, on_message
        self._play_count = 0
        self._end_ns: int | None = None
        """When the last scheduled note ends."""
        self._simulated_keys: deque[tuple[int, bytes]] = deque()
        """Times and MIDI messages of the keys still to be played."""
        self._held_keys: Counter[tuple[int, int]] = Counter()
        """Channel and pitch of the simulated keys that are down."""

    @property
    def has_simulated_keys(self) -> bool:
        """True while simulated keys are still to be played."""
        return bool(self._simulated_keys)

    @property
    def is_active(self) -> bool:
        return self.has_simulated_keys or self._end_ns is not None

    @property
    def deadline(self) -> int | None:
        """When the next simulated key moves, or else when the scheduled notes end (ns)."""
        return self._simulated_keys[0][0] if self._simulated_keys else self._end_ns

    def advance(self, now_ns: int) -> list[Effect]:
        """Play the simulated keys that are due, then handle them as the player's."""
        if is_due(now_ns, self._end_ns):
            self._end_ns = None
        effects: list[Effect] = []
        messages: list[midi.MidiMessage] = []
        while self._simulated_keys and self._simulated_keys[0][0] <= now_ns:
            due_ns, data = self._simulated_keys.popleft()
            message = midi.decode(data)
            messages.append(message)
            match message:
                case midi.NoteOn(channel, pitch, velocity):
                    self._held_keys[channel, pitch] += 1
                    effects += self._scheduler.note_on(channel, pitch, velocity, due_ns)
                case midi.NoteOff(channel, pitch):
                    self._held_keys[channel, pitch] -= 1
                    effects += self._scheduler.note_off(channel, pitch, due_ns)
                case _:
                    pass
        for message in messages:
            effects += self._on_message(now_ns, message)
        return effects

    def play(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Schedule the notes of the phrase; notes of voice -1 are the player's."""
        self._play_count += 1
        self._end_ns = grid.origin_ns
        for index, note in enumerate(phrase.notes):
            output = _output_note(note, settings)
            if output:
                begin_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
                end_ns = max(begin_ns + 1, grid.time_of(note.end))
                self._scheduler.add_note(("playback", self._play_count, index), *output, begin_ns, end_ns)
                self._end_ns = max(self._end_ns, end_ns)

    def play_as_player(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Play the melody of the phrase by simulated keys."""
        channel = player_channel(settings)
        keys: list[tuple[int, bytes]] = []
        for note in phrase.notes:
            down_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
            up_ns = max(down_ns + 1, grid.time_of(note.end) - 1)
            keys.append((down_ns, midi.note_on(channel, note.pitch, max(1, note.velocity))))
            keys.append((up_ns, midi.note_off(channel, note.pitch)))
        self._simulated_keys = deque(sorted(keys, key=lambda key: key[0]))

    def stop(self, now_ns: int) -> list[Send]:
        """Play nothing more and release the simulated keys; scheduled notes are left to the scheduler."""
        held = list(self._held_keys.elements())
        self.clear()
        return [send for channel, pitch in held for send in self._scheduler.note_off(channel, pitch, now_ns)]

    def clear(self) -> None:
        """Play nothing more, after the scheduler has ended all notes."""
        self._simulated_keys.clear()
        self._held_keys.clear()
        self._end_ns = None


def prompt_notes(phrase: Phrase) -> Phrase:
    """Return the phrase as if it had just been played: notes in order of start, none in the player's voice."""
    notes = (replace(note, voice=max(0, note.voice)) for note in phrase.notes)
    return replace(phrase, notes=tuple(sorted(notes, key=lambda note: note.start)))


def player_notes(phrase: Phrase) -> Phrase:
    """Return the phrase with all notes in the player's voice."""
    return replace(phrase, notes=tuple(replace(note, voice=PLAYER) for note in phrase.notes))


def _output_note(note: Note, settings: Settings) -> OutputNote | None:
    if note.voice == PLAYER:
        return player_channel(settings), note.pitch, max(1, note.velocity)
    return output_note(settings, note.voice, note.pitch, note.velocity)
