"""Values and words of the hearing strip, from the engine's reports; no widgets.

Everything comes from the engine. Where it has reported nothing, the strip shows nothing rather than a guess.
"""

from dataclasses import dataclass, replace

from bachbridge.midi import messages as midi
from bachbridge.music.notes import STEPS_PER_BEAT, key_from_number
from bachbridge.music.tonality.key_names import key_level
from bachbridge.protocol.effects import (
    AnswerStarted,
    BarStarted,
    CadenceReached,
    ChordPlanned,
    Harmonized,
    SoundingHarmony,
)
from bachbridge.protocol.notices import EngineEnded, EngineStarted, Message, Received
from bachbridge.settings import Settings
from bachbridge_gui.state.exchanges import ExchangeClose
from bachbridge_gui.state.harmony_words import cadence_text, certainty_text, key_text
from bachbridge_gui.translation import tr, translatable

_SURE_BAR_CONFIDENCE = 0.8
"""Probability of the bar lines from which on the beat is shown."""
_CADENCE_SHOWN_NS = 6_000_000_000
_LEFT_HAND_TEXT = {
    "obey": translatable("left hand leads the harmony"),
    "context": translatable("left hand is part of the phrase"),
    "ignore": translatable("left hand is ignored"),
}


@dataclass(frozen=True, slots=True)
class HearingTexts:
    """The words of the strip; empty where nothing is known."""

    key: str = ""
    certainty: str = ""
    """One of set, sure, likely and guess."""
    chord: str = ""
    numeral: str = ""
    next_chord: str = ""
    """Name and numeral of the chord that is planned next."""
    cadence: str = ""
    beat: str = ""
    """The beat in its bar; empty where the bar lines are unknown."""
    left_hand: str = ""

    @property
    def spoken(self) -> str:
        """One sentence for a screen reader."""
        key = f"{self.key} ({self.certainty})" if self.key else tr("no key yet")
        chord = f"{self.chord} {self.numeral}".strip() or tr("no chord")
        coming = tr("next {chord}", chord=self.next_chord) if self.next_chord else ""
        return ", ".join(part for part in (key, chord, coming, self.cadence, self.left_hand) if part)

    @property
    def line(self) -> str:
        """Key and chord in a few words, for pages without the strip."""
        return " · ".join(part for part in (self.key, f"{self.chord} {self.numeral}".strip()) if part)


@dataclass(frozen=True, slots=True)
class Hearing:
    """The last reports about what sounds."""

    harmony: SoundingHarmony | None = None
    cadence: CadenceReached | None = None
    planned: ChordPlanned | None = None
    bar: BarStarted | None = None
    written: ExchangeClose | None = None
    """The key of the exchange that has ended, as the list and the score show it, until something new is played."""

    def after_exchange(self, close: ExchangeClose) -> "Hearing":
        """Return what is known after the end of an exchange in this key."""
        return replace(self, written=close if close.key >= 0 else None)

    def after(self, message: Message) -> "Hearing":
        """Return what is known after one more message."""
        match message:
            case SoundingHarmony():
                return replace(self, harmony=message)
            case ChordPlanned():
                return replace(self, planned=message)
            case CadenceReached():
                return replace(self, cadence=message)
            case BarStarted():
                return replace(self, bar=message)
            case EngineEnded() | EngineStarted():
                return Hearing()
            case Received(data) if isinstance(midi.decode(data), midi.NoteOn):
                return replace(self, written=None) if self.written else self
            case AnswerStarted() | Harmonized() if self.written:
                return replace(self, written=None)
            case _:
                return self

    def texts(self, now_ns: int, settings: Settings) -> HearingTexts:
        """Return the words of the strip at the time `now_ns`."""
        harmony = self.harmony or SoundingHarmony(0, "", "", -1, 0.0)
        if self.written and not harmony.chord:
            harmony = replace(harmony, key=self.written.key, confidence=self.written.confidence)
        key = key_from_number(harmony.key)
        return HearingTexts(
            key=key_text(key),
            certainty=certainty_text("set" if settings.key != "auto" else key_level(harmony.confidence)) if key else "",
            chord=harmony.chord,
            numeral=harmony.numeral,
            next_chord=f"{self.planned.chord} {self.planned.numeral}".strip() if self.planned else "",
            cadence=self._cadence_text(now_ns),
            beat=self._beat_text(now_ns),
            left_hand=left_hand_text(settings),
        )

    def _cadence_text(self, now_ns: int) -> str:
        key = key_from_number(self.cadence.key) if self.cadence else None
        if self.cadence is None or key is None or now_ns - self.cadence.at_ns > _CADENCE_SHOWN_NS:
            return ""
        return cadence_text(self.cadence.kind, key)

    def _beat_text(self, now_ns: int) -> str:
        bar = self.bar
        if bar is None or now_ns < bar.origin_ns or bar.confidence < _SURE_BAR_CONFIDENCE:
            return ""
        step = (now_ns - bar.origin_ns) // bar.step_ns % bar.steps_per_bar
        return tr("beat {number}", number=step // STEPS_PER_BEAT + 1)


def left_hand_text(settings: Settings) -> str:
    """Return what the left hand does; empty where all keys are melody."""
    if settings.hands == "melody":
        return ""
    role = settings.left_hand
    if role == "obey" and settings.mode != "harmonize":
        role = "context"
    return tr(_LEFT_HAND_TEXT[role])
