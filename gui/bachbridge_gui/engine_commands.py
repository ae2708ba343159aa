"""What is pressed, done: commands and wishes of the window's, as messages to the engine."""

from bachbridge.music.example_phrase import bundled
from bachbridge.music.notes import Phrase, step_ns_of
from bachbridge.protocol.events import Cadence, EndPhrase, Panic, Play, Prompt, Reset
from bachbridge_gui.engine.supervisor import Supervisor
from bachbridge_gui.preview.routing import Audition
from bachbridge_gui.state.exchanges import Entry, whole
from bachbridge_gui.window_parts import Furniture

_EXAMPLE_SEED = 0
_SEEDS = 1 << 31


class Deputy:
    """Used on the window's thread."""

    def __init__(self, supervisor: Supervisor, furniture: Furniture, audition: Audition) -> None:
        self._supervisor, self._furniture, self._audition = supervisor, furniture, audition

    def perform(self, command: str) -> None:
        """One of `desk.COMMANDS`; "tap" is the panel's own."""
        match command:
            case "panic":
                self._furniture.keys.release_all()
                self._supervisor.send(Panic())
                self._audition.silence()
            case "end_phrase":
                self._supervisor.send(EndPhrase())
            case "cadence":
                self._supervisor.send(Cadence())
            case "reset":
                self._supervisor.send(Reset())
            case "example":
                melody = bundled()
                self._supervisor.send(Prompt(melody.phrase, step_ns_of(melody.bpm), _EXAMPLE_SEED, aloud=True))
            case "play_again":
                self._furniture.phrases.perform("play")
            case "another":
                self._furniture.phrases.perform("another")
            case _:
                pass

    def play_again(self, entry: Entry) -> None:
        """Let the exchange be heard again."""
        self._supervisor.send(Play(whole(entry), entry.step_ns))

    def another(self, entry: Entry) -> None:
        """The same prompt, and the next seed."""
        seed = (entry.seed + 1) % _SEEDS
        self._supervisor.send(Prompt(entry.prompt, entry.step_ns, seed, aloud=False))

    def answer(self, phrase: Phrase, step_ns: int) -> None:
        """A phrase that came in a file: let it be heard and answered."""
        self._supervisor.send(Prompt(phrase, step_ns, -1, aloud=True))
