"""Music that is played in the player's stead: a phrase shown again, or a prompt that came from the window.

It sounds by the agenda on the voices' channels, the player's notes on one that no voice has. In the modes that listen
note by note a script takes the player's place: its keys are heard, and handed on as if they had been played.
"""

from collections import Counter, deque

from bachbridge.engine.output.scheduler import Scheduler
from bachbridge.engine.output.voice_output import OutputNote, output_note, player_channel
from bachbridge.engine.tempo.tracker import Grid, is_due
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.events import Send
from bachbridge.settings import Settings


class Playback:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_end_ns", "_held_keys", "_play_count", "_scheduler", "_simulated_keys")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._play_count = 0
        self._end_ns: int | None = None
        """When what the agenda has of it is over."""
        self._simulated_keys: deque[tuple[int, bytes]] = deque()
        """Keys going down and up, and when."""
        self._held_keys: Counter[tuple[int, int]] = Counter()
        """Channel and pitch of the script's keys that are down."""

    @property
    def has_simulated_keys(self) -> bool:
        """Whether keys are still to be played."""
        return bool(self._simulated_keys)

    @property
    def deadline(self) -> int | None:
        """When `perform` has something to do (ns), or None."""
        return self._simulated_keys[0][0] if self._simulated_keys else self._end_ns

    def play(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Let the notes be heard, each voice as it is set."""
        self._play_count += 1
        self._end_ns = grid.origin_ns
        for index, note in enumerate(phrase.notes):
            as_sent = _output_note(note, settings)
            if as_sent:
                begin_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
                end_ns = max(begin_ns + 1, grid.time_of(note.end))
                self._scheduler.add_note(("playback", self._play_count, index), *as_sent, begin_ns, end_ns)
                self._end_ns = max(self._end_ns, end_ns)

    def play_as_player(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Play this melody from now on as a player would."""
        channel = player_channel(settings)
        moves: list[tuple[int, bytes]] = []
        for note in phrase.notes:
            down_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
            up_ns = max(down_ns + 1, grid.time_of(note.end) - 1)
            moves.append((down_ns, midi.note_on(channel, note.pitch, max(1, note.velocity))))
            moves.append((up_ns, midi.note_off(channel, note.pitch)))
        self._simulated_keys = deque(sorted(moves, key=lambda move: move[0]))

    def advance(self, now_ns: int) -> tuple[list[Send], list[midi.MidiMessage]]:
        """The keys that move by now: what is sent of them, and what the session is to take for the player's."""
        if is_due(now_ns, self._end_ns):
            self._end_ns = None
        sends: list[Send] = []
        meanings: list[midi.MidiMessage] = []
        while self._simulated_keys and self._simulated_keys[0][0] <= now_ns:
            due_ns, data = self._simulated_keys.popleft()
            meaning = midi.decode(data)
            meanings.append(meaning)
            match meaning:
                case midi.NoteOn(channel, pitch, velocity):
                    self._held_keys[channel, pitch] += 1
                    sends += self._scheduler.note_on(channel, pitch, velocity, due_ns)
                case midi.NoteOff(channel, pitch):
                    self._held_keys[channel, pitch] -= 1
                    sends += self._scheduler.note_off(channel, pitch, due_ns)
                case _:
                    pass
        return sends, meanings

    @property
    def is_active(self) -> bool:
        return self.has_simulated_keys or self._end_ns is not None

    def stop(self, now_ns: int) -> list[Send]:
        """Nothing more of it, and the script's keys up; what else sounds is the agenda's to end."""
        held = list(self._held_keys.elements())
        self.clear()
        return [send for channel, pitch in held for send in self._scheduler.note_off(channel, pitch, now_ns)]

    def clear(self) -> None:
        """Nothing more of it; what sounded the agenda has ended."""
        self._simulated_keys.clear()
        self._held_keys.clear()
        self._end_ns = None


def _output_note(note: Note, settings: Settings) -> OutputNote | None:
    if note.voice == PLAYER:
        return player_channel(settings), note.pitch, max(1, note.velocity)
    return output_note(settings, note.voice, note.pitch, note.velocity)
