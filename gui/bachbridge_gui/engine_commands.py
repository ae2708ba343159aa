"""What is pressed, done: commands and wishes of the window's, as messages to the engine."""

from bachbridge.music.example_phrase import load_example
from bachbridge.music.notes import Phrase, step_ns_from_bpm
from bachbridge.protocol.events import AnswerPhrase, Cadence, EndPhrase, Panic, PlayPhrase, Reset
from bachbridge_gui.engine.supervisor import EngineSupervisor
from bachbridge_gui.preview.routing import PreviewRouter
from bachbridge_gui.state.exchanges import Exchange, exchange_phrase
from bachbridge_gui.window_parts import WindowParts

_EXAMPLE_SEED = 0
_SEED_COUNT = 1 << 31


class EngineCommands:
    """Used on the window's thread."""

    def __init__(self, supervisor: EngineSupervisor, parts: WindowParts, preview_router: PreviewRouter) -> None:
        self._supervisor, self._parts, self._preview_router = supervisor, parts, preview_router

    def perform(self, command: str) -> None:
        """One of `desk.COMMANDS`; "tap" is the panel's own."""
        match command:
            case "panic":
                self._parts.keyboard.release_all()
                self._supervisor.send(Panic())
                self._preview_router.silence()
            case "end_phrase":
                self._supervisor.send(EndPhrase())
            case "cadence":
                self._supervisor.send(Cadence())
            case "reset":
                self._supervisor.send(Reset())
            case "example":
                melody = load_example()
                self._supervisor.send(
                    AnswerPhrase(melody.phrase, step_ns_from_bpm(melody.bpm), _EXAMPLE_SEED, aloud=True)
                )
            case "play_again":
                self._parts.phrases.trigger_action("play")
            case "another":
                self._parts.phrases.trigger_action("another")
            case _:
                pass

    def play_again(self, exchange: Exchange) -> None:
        """Let the exchange be heard again."""
        self._supervisor.send(PlayPhrase(exchange_phrase(exchange), exchange.step_ns))

    def request_another_answer(self, exchange: Exchange) -> None:
        """The same prompt, and the next seed."""
        seed = (exchange.seed + 1) % _SEED_COUNT
        self._supervisor.send(AnswerPhrase(exchange.prompt, exchange.step_ns, seed, aloud=False))

    def answer_phrase(self, phrase: Phrase, step_ns: int) -> None:
        """A phrase that came in a file: let it be heard and answered."""
        self._supervisor.send(AnswerPhrase(phrase, step_ns, -1, aloud=True))
