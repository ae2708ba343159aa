"""Music that is played in the player's stead: a phrase shown again, or a prompt that came from the window.

It sounds by the agenda on the voices' channels, the player's notes on one that no voice has. In the modes that listen
note by note a script takes the player's place: its keys are heard, and handed on as if they had been played.
"""

from collections import Counter, deque

from bachbridge.engine.output.scheduler import Agenda
from bachbridge.engine.output.voice_output import Voiced, player_channel, voiced
from bachbridge.engine.tempo.tracker import Grid, reached
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.music.performance import PLAYER
from bachbridge.protocol.events import Send
from bachbridge.settings import Settings


class Playback:
    """Used on the engine's thread only; knows no clock."""

    __slots__ = ("_agenda", "_down", "_end_ns", "_number", "_script")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._number = 0
        self._end_ns: int | None = None
        """When what the agenda has of it is over."""
        self._script: deque[tuple[int, bytes]] = deque()
        """Keys going down and up, and when."""
        self._down: Counter[tuple[int, int]] = Counter()
        """Channel and pitch of the script's keys that are down."""

    @property
    def scripted(self) -> bool:
        """Whether keys are still to be played."""
        return bool(self._script)

    @property
    def deadline(self) -> int | None:
        """When `perform` has something to do (ns), or None."""
        return self._script[0][0] if self._script else self._end_ns

    def play(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Let the notes be heard, each voice as it is set."""
        self._number += 1
        self._end_ns = grid.origin_ns
        for index, note in enumerate(phrase.notes):
            as_sent = _as_sent(note, settings)
            if as_sent:
                begin_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
                end_ns = max(begin_ns + 1, grid.time_of(note.end))
                self._agenda.add(("playback", self._number, index), *as_sent, begin_ns, end_ns)
                self._end_ns = max(self._end_ns, end_ns)

    def write(self, phrase: Phrase, grid: Grid, settings: Settings) -> None:
        """Play this melody from now on as a player would."""
        channel = player_channel(settings)
        moves: list[tuple[int, bytes]] = []
        for note in phrase.notes:
            down_ns = max(grid.origin_ns, grid.time_of(note.start) + note.offset_ns)
            up_ns = max(down_ns + 1, grid.time_of(note.end) - 1)
            moves.append((down_ns, midi.note_on(channel, note.pitch, max(1, note.velocity))))
            moves.append((up_ns, midi.note_off(channel, note.pitch)))
        self._script = deque(sorted(moves, key=lambda move: move[0]))

    def perform(self, now_ns: int) -> tuple[list[Send], list[midi.Meaning]]:
        """The keys that move by now: what is sent of them, and what the session is to take for the player's."""
        if reached(now_ns, self._end_ns):
            self._end_ns = None
        sends: list[Send] = []
        meanings: list[midi.Meaning] = []
        while self._script and self._script[0][0] <= now_ns:
            due_ns, data = self._script.popleft()
            meaning = midi.decode(data)
            meanings.append(meaning)
            match meaning:
                case midi.NoteOn(channel, pitch, velocity):
                    self._down[channel, pitch] += 1
                    sends += self._agenda.strike(channel, pitch, velocity, due_ns)
                case midi.NoteOff(channel, pitch):
                    self._down[channel, pitch] -= 1
                    sends += self._agenda.release(channel, pitch, due_ns)
                case _:
                    pass
        return sends, meanings

    @property
    def under_way(self) -> bool:
        return self.scripted or self._end_ns is not None

    def lift(self, now_ns: int) -> list[Send]:
        """Nothing more of it, and the script's keys up; what else sounds is the agenda's to end."""
        held = list(self._down.elements())
        self.forget()
        return [send for channel, pitch in held for send in self._agenda.release(channel, pitch, now_ns)]

    def forget(self) -> None:
        """Nothing more of it; what sounded the agenda has ended."""
        self._script.clear()
        self._down.clear()
        self._end_ns = None


def _as_sent(note: Note, settings: Settings) -> Voiced | None:
    if note.voice == PLAYER:
        return player_channel(settings), note.pitch, max(1, note.velocity)
    return voiced(settings, note.voice, note.pitch, note.velocity)
