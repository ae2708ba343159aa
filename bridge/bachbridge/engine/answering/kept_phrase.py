"""A phrase that was not answered because the DAW stopped just after it."""

from dataclasses import dataclass, replace

from bachbridge.engine.answering.response import LATE_START_NS
from bachbridge.engine.tempo.grid import Grid
from bachbridge.music.notes import NS_PER_MS, SEED_COUNT
from bachbridge.protocol.effects import PhraseEnded
from bachbridge.settings import Settings


@dataclass(frozen=True, slots=True)
class KeptPhrase:
    """The phrase, and whether the player wants it answered as soon as the DAW starts again."""

    phrase_ended: PhraseEnded
    is_awaited: bool = False

    def place_on(self, shared: Grid, settings: Settings, now_ns: int) -> tuple[PhraseEnded, int, int]:
        """Return the phrase as if it had ended now, the time at which its answer begins, and the answer's seed."""
        phrase = self.phrase_ended.phrase
        latency_ns = settings.latency_ms * NS_PER_MS
        unit = settings.steps_per_beat if settings.start == "beat" else settings.steps_per_bar
        first_step = shared.next_step(now_ns + latency_ns - LATE_START_NS, unit)
        start_ns = shared.time_of(max(0, first_step))  # not in a count-in
        ended = replace(self.phrase_ended, origin_ns=start_ns - phrase.steps * shared.step_ns, step_ns=shared.step_ns)
        seed = settings.seed if settings.seed >= 0 else self.phrase_ended.origin_ns % SEED_COUNT
        return ended, start_ns - latency_ns, seed
