"""What cannot work now, and why: for each control, named by its target, the sentence that it shows while disabled.

A mode that is not named here forbids nothing: what it can use, it will say itself.
"""

from dataclasses import dataclass

from bachbridge.music.notes import VOICES
from bachbridge.settings import ANSWERS, Settings, task_for_answer


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides besides the settings."""

    model_ready: bool = True
    model_reason: str = ""
    """Why the model is not ready."""
    clock_running: bool = False
    """Whether the DAW's MIDI clock runs."""
    model_tasks: tuple[str, ...] = ANSWERS
    """What the model's card says that it can be asked."""


PHRASE_END_TARGETS = ("phrase_end", "silence_beats", "phrase_bars")
"""What has a part in ending phrases by themselves only."""
ANSWER_TARGETS = ("answer", "answer_bars", "let_finish", "end_phrase", "another")
"""What has a part in answers, which in mode Harmonize are asked for."""
HARMONY_TARGETS = (
    *("voice", "density", "position", "common_tones", "chord_on"),
    *("candidates", "rules", "chord_ms", "legato_ms", "rest_bars", "cadence"),
)
"""What has a part in live harmony only."""
MODEL_TARGETS = (
    *("temperature", "top_p", "seed", "answer", "answer_bars", "key", "density", "position", "common_tones"),
    *("candidates", "rules", "cadence", "end_phrase", "another", "let_finish"),
)
"""What steers the model."""


def unavailable_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    """By target, why it cannot work now; what is not named can."""
    found: dict[str, str] = {}
    for part in (
        _tempo_reasons(settings, conditions),
        _voice_reasons(settings),
        _phrase_reasons(settings),
        _answer_reasons(settings, conditions),
        _harmony_reasons(settings, conditions),
    ):
        found |= part
    found |= _mode_reasons(settings)
    if not conditions.model_ready:
        sentence = conditions.model_reason or "The model is not ready: wait, or choose another one."
        found |= {name: found.get(name, sentence) for name in MODEL_TARGETS}
    return found


def _mode_reasons(settings: Settings) -> dict[str, str]:
    match settings.mode:
        case "harmonize":
            sentence = "Only in mode Continue: in Harmonize a phrase is answered when you ask for it."
            latency = "In mode Harmonize the chords follow your keys at once: they cannot be sent earlier."
            answer = "Only in mode Continue: what was harmonized as you played is continued when you ask for it."
            return dict.fromkeys(PHRASE_END_TARGETS, sentence) | {"latency_ms": latency, "answer": answer}
        case "continue":
            sentence = "Only in mode Harmonize: in Continue the model answers whole phrases."
            return dict.fromkeys(HARMONY_TARGETS, sentence)
        case "off":
            sentence = "Nothing is answered in mode Off: choose another mode."
            names = (*PHRASE_END_TARGETS, *ANSWER_TARGETS, *HARMONY_TARGETS, *MODEL_TARGETS, "latency_ms")
            return dict.fromkeys(names, sentence)
        case _:
            return {}


def _tempo_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    if conditions.clock_running and settings.follow_clock:
        sentence = "The DAW's clock sets the tempo: stop it, or switch its clock off here."
        return dict.fromkeys(("bpm", "bpm.fixed", "tap"), sentence)
    if not settings.bpm:
        return {"bpm": "The tempo is taken from your playing: set it to fixed, or tap it."}
    return {}


def _voice_reasons(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, voice in enumerate(VOICES):
        if settings.harmony == voice[0]:
            found[f"harmony.{index}"] = "The last voice that is on: switch another one on first."
        if settings.mode == "harmonize" and voice == settings.voice:
            found[f"harmony.{index}"] = "You play this voice yourself: it is not doubled."
    return found


def _phrase_reasons(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    if settings.phrase_end != "silence":
        found["silence_beats"] = "Only where a silence ends the phrase."
    if settings.phrase_end != "bars":
        found["phrase_bars"] = "Only where a number of bars ends the phrase."
    return found


def _answer_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    found: dict[str, str] = {}
    if settings.mode == "continue" and task_for_answer(settings.answer) != "continue":
        found["answer_bars"] = "Only for a continuation: this answer is as long as your phrase."
    known = [kind for kind in ANSWERS if task_for_answer(kind) in conditions.model_tasks]
    if known in ([], [settings.answer]):
        found["answer"] = "This model knows no other answer: choose another model."
    return found


def _harmony_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    tempo_known = settings.bpm > 0 or (conditions.clock_running and settings.follow_clock)
    found: dict[str, str] = {}
    if not tempo_known:
        found["density"] = "Inner voices move only when the tempo is set: set it to fixed, tap it, or start the clock."
    if settings.rules == "none":
        found["candidates"] = "Without rules there is nothing to choose the best chord by."
    return found
