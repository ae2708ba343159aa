"""The DAW and its player in one, for measuring: plays into "BachBridge In" and hears "BachBridge Out".

The engine and the model run in processes of their own as ever. Every method but the constructor waits for what it
causes; what is heard arrives, with its time, on the MIDI system's thread. On one machine all processes read the same
monotonic clock.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self, TypeVar

from bachbridge.errors import BachBridgeError, ModelError, PortError
from bachbridge.midi import messages as midi
from bachbridge.midi.ports import INPUT, OUTPUT, Ports
from bachbridge.process import realtime
from bachbridge.process.ipc import Link
from bachbridge.protocol.events import (
    Answered,
    Answering,
    Failed,
    Message,
    ModelDown,
    ModelUp,
    PortsChanged,
    Sent,
    Setting,
)
from bachbridge.settings import Settings

SETTINGS = Settings(
    bpm=300,
    phrase_end="control",
    answer_bars=4,
    let_finish=True,
    thru=True,
    mode="off",
    temperature=2.0,
    top_p=1.0,
    seed=0,
    common_tones="strike",
    density=-1.0,
)
_THRU_NOTES = 200
PHRASES = 20
_KEYS = 8
"""Notes of a phrase."""
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_KEY_S = 0.04
"""How long the player holds a key; the next one follows at once."""
_PATIENCE_S = 60.0
_TURN = 25
"""Notes of a turn in `Keyboardist.harmony`."""
_TUNE = (72, 74, 76, 74, 72, 71, 72, 67, 69, 71, 72, 74, 71, 69, 67)
_HOLD_S, _SETTLE_S = 0.075, 0.3


Times = list[int]
Share = Callable[[float], None]
M = TypeVar("M", bound=Message)


class Keyboardist:
    """The DAW and its player. Used on one thread; what is heard arrives on another."""

    def __init__(self, log: Path) -> None:
        realtime.listener()
        self._link = Link(SETTINGS, log=log)
        self._heard: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
        self._ports: Ports | None = None
        self.step_ns = 0
        self._thru_out: Times = []
        self._thru_in: Times = []
        self._sent: list[Sent] = []
        self.paced: dict[str, Times] = {}
        """The latencies that `harmony` measured."""
        self.unanswered = 0
        """How many notes of it had no chord."""
        self._starts: list[int] = []
        """How many messages had been sent when an answer was announced."""

    def __enter__(self) -> Self:
        try:
            self._await(PortsChanged)
            self.step_ns = self._await(ModelUp).step_ns
            self._ports = Ports(OUTPUT, INPUT, lambda at_ns, data: self._heard.put((at_ns, data)), client="Bench")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._ports:
            self._ports.close()
        self._link.close()

    @property
    def engine(self) -> int:
        return self._link.pid

    # ------------------------------------------------------------ playing

    def thru(self) -> None:
        """Notes one by one, each waited for."""
        for n in range(_THRU_NOTES):
            pitch = _SCALE[n % len(_SCALE)]
            for data in (midi.note_on(0, pitch, 80), midi.note_off(0, pitch)):
                begin_ns = time.monotonic_ns()
                self._play(data)
                end_ns, _ = self._hear()
                self._thru_out.append(end_ns - begin_ns)
                sent = self._await(Sent)
                self._thru_in.append(sent.sent_ns - sent.due_ns)
        self._sent.clear()
        self._link.send(Setting("thru", value=False))
        self._link.send(Setting("mode", "continue"))

    def phrases(self) -> None:
        """Short phrases, the first ones ended by silence, then as many by a control; the answers are cut short."""
        self._link.send(Setting("silence_beats", 1.0))
        for ending in ("silence", "control"):
            self._link.send(Setting("phrase_end", ending))
            for _ in range(PHRASES):
                self._keys(_KEYS)
                if ending == "control":
                    self._end_phrase()
                else:
                    self._await(Answering)
                while not strikes(self._await(Sent)):
                    pass

    def dialogue(self, notes: int, tell: Share) -> None:
        """Phrase upon phrase, played while the answer before sounds, until enough notes have been answered."""
        self._keys(_KEYS)
        keys = struck = 0
        while struck < notes:
            self._end_phrase()
            while not self._drain(Answered):
                self._keys(1)
                keys += 1
                self._link.send(Setting("seed", keys % 2))
                struck = sum(map(strikes, self._sent))
                tell(struck / notes)

    def _keys(self, count: int) -> None:
        for n in range(count):
            pitch = _SCALE[(n + len(self._sent)) % len(_SCALE)]
            self._play(midi.note_on(0, pitch, 80))
            time.sleep(_KEY_S)
            self._play(midi.note_off(0, pitch))

    def _end_phrase(self) -> None:
        self._play(bytes((0xB0, SETTINGS.end_control, 127)))
        self._await(Answering)
        self._starts.append(len(self._sent))

    def _play(self, data: bytes) -> None:
        assert self._ports
        if not self._ports.send(data):
            raise PortError("The MIDI system has gone during the measurement: start it again.")

    def harmony(self, chords: int, tell: Share) -> None:
        """Notes passed on as they are and notes harmonised, in turns of `_TURN`, all at the same pace.

        Each chord is struck whole (`common_tones`), so that three notes are waited for.
        """
        self._link.send(Setting("temperature", Settings().temperature))
        for begin in range(0, 2 * chords, _TURN):
            harmonizes = begin // _TURN % 2 == 1
            self._link.send(Setting("thru", value=not harmonizes))
            self._link.send(Setting("mode", "harmonize" if harmonizes else "off"))
            time.sleep(_SETTLE_S)
            for n in range(begin, begin + _TURN):
                self._chord(n, 3 if harmonizes else 1)
            tell(min(1.0, (begin + _TURN) / (2 * chords)))
        self._link.send(Setting("mode", "off"))

    def _chord(self, number: int, voices: int) -> None:
        """One note, held until `voices` notes have come back, and what it took them."""
        for _ in self._hearing():
            pass
        self._drain(Sent)
        known = len(self._sent)
        pitch = _TUNE[number % len(_TUNE)]
        begin_ns = time.monotonic_ns()
        self._play(midi.note_on(0, pitch, 80))
        time.sleep(_HOLD_S + number % 7 * 0.0003)
        self._play(midi.note_off(0, pitch))
        time.sleep(_HOLD_S)
        self._drain(Sent)
        heard = [at_ns for at_ns, data in self._hearing() if data[0] & 0xF0 == 0x90]
        sent = [sent for sent in self._sent[known:] if strikes(sent)]
        if len(heard) != voices or len(sent) != voices:
            self.unanswered += 1
            return
        name = "harmony" if voices > 1 else "thru at the same pace"
        self.paced.setdefault(f"{name}, there and back", []).append(heard[-1] - begin_ns)
        self.paced.setdefault(f"{name}, inside", []).append(sent[-1].sent_ns - sent[-1].due_ns)

    def _hearing(self) -> Iterable[tuple[int, bytes]]:
        while not self._heard.empty():
            yield self._heard.get()

    # ------------------------------------------------------------ hearing

    def _hear(self) -> tuple[int, bytes]:
        try:
            return self._heard.get(timeout=_PATIENCE_S)
        except Empty:
            raise PortError("Messages get lost on their way: restart the MIDI system and try again.") from None

    def _await(self, kind: type[M]) -> M:
        """The engine's next message of that kind."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline_s:
            message = self._receive(0.5)
            if isinstance(message, kind):
                return message
        raise BachBridgeError("The engine does not go on: close other programs and try again.")

    def _drain(self, kind: type[Message]) -> bool:
        """Take what the engine has said by now; whether a message of that kind was among it."""
        found = False
        while (message := self._receive(0.0)) is not None:
            found = found or isinstance(message, kind)
        return found

    def _receive(self, timeout_s: float) -> Message | None:
        try:
            message = self._link.receive(timeout_s)
        except EOFError:
            raise BachBridgeError("The engine has ended during the measurement: try again.") from None
        match message:
            case Failed(reason):
                raise PortError(reason)
            case ModelDown(reason):
                raise ModelError(reason)
            case Sent():
                self._sent.append(message)
            case _:
                pass
        return message

    # ------------------------------------------------------------ figures

    def times(self) -> dict[str, Times]:
        """All latencies by what they are, once the engine's last message has been heard."""
        self._drain(Sent)
        heard = [self._hear() for _ in self._sent]
        if [data for _, data in heard] != [sent.data for sent in self._sent]:
            raise PortError("Messages arrived out of order: restart the MIDI system and try again.")
        struck = [index for index, sent in enumerate(self._sent) if strikes(sent)]
        firsts = [index for start in self._starts if (index := next((i for i in struck if i >= start), -1)) >= 0]

        def inside(indices: Iterable[int]) -> Times:
            return [self._sent[index].sent_ns - self._sent[index].due_ns for index in indices]

        def outside(indices: Iterable[int]) -> Times:
            return [heard[index][0] - self._sent[index].due_ns for index in indices]

        return {
            "thru, inside": self._thru_in,
            "thru, there and back": self._thru_out,
            "first answered note after its due time, inside": inside(firsts),
            "first answered note after its due time, outside": outside(firsts),
            "scheduled notes after their due time, inside": inside(struck),
            "scheduled notes after their due time, outside": outside(struck),
        }


def strikes(sent: Sent) -> bool:
    """Whether it began a note."""
    return sent.data[0] & 0xF0 == 0x90
