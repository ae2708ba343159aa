"""Controls that have no effect now, and why: the sentence that each of them shows while it is disabled.

Controls are named by their targets (see `targets`). A mode that is unknown here disables nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bachbridge.music.notes import VOICES
from bachbridge.settings import ANSWERS, Settings, task_for_answer
from bachbridge_gui.settings.targets import mode_name
from bachbridge_gui.translation import tr, translatable


@dataclass(frozen=True, slots=True)
class Conditions:
    """Facts besides the settings that decide whether a control has an effect."""

    model_ready: bool = True
    model_reason: str = ""
    """The reason why the model is not ready, in a sentence."""
    clock_running: bool = False
    """True while the DAW's MIDI clock runs."""
    model_tasks: tuple[str, ...] = ANSWERS
    """The tasks on the model's card."""
    link_running: bool = False
    """True while other programs are in the Link session."""


TRADE_TARGETS = ("trade_bars",)
"""Targets that matter in mode Trade only."""
DUET_TARGETS = ("duet_voice", "counterpoint")
"""Targets that matter in mode Duet only."""
CHORD_TARGETS = ("chord_on", "chord_ms", "legato_ms", "rest_bars")
"""Targets that matter in mode Harmonize only."""
PHRASE_END_TARGETS = ("phrase_end", "foresee_end", "silence_beats", "phrase_bars")
"""Targets that matter only where phrases end by themselves."""
ANSWER_TARGETS = ("start", "answer", "answer_bars", "close", "let_finish", "answer_pedal", "end_phrase", "another")
"""Targets that concern answers, which in mode Harmonize are given on request only."""
METRONOME_TARGETS = ("count_in_bars", "metronome_channel", "click_accent", "click_note", "click_velocity")
"""Targets that matter only if the metronome clicks."""
# fmt: off
HARMONY_TARGETS = (
    "voice", "density", "position", "common_tones", "chord_on",
    "candidates", "rules", "chord_ms", "legato_ms", "rest_bars", "cadence",
)
"""Targets that matter in live harmony only."""
MODEL_TARGETS = (
    "temperature", "top_p", "seed", "start", "answer", "answer_bars", "close", "key", "density", "position",
    "common_tones", "candidates", "rules", "cadence", "end_phrase", "another", "let_finish", "answer_pedal",
)
"""Targets that need a model."""
# fmt: on


def unavailable_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    """Return the reason why each target has no effect now; targets that are not named have one."""
    reasons: dict[str, str] = {}
    for part in (
        _tempo_reasons(settings, conditions),
        _metronome_reasons(settings),
        _voice_reasons(settings),
        _phrase_reasons(settings),
        _answer_reasons(settings, conditions),
        _harmony_reasons(settings, conditions),
        _hands_reasons(settings),
    ):
        reasons |= part
    reasons |= _mode_reasons(settings)
    if obstacle := model_obstacle(settings, conditions.model_tasks):
        names = MODEL_TARGETS if settings.mode in ("harmonize", "duet") else ("end_phrase", "another", "start")
        reasons |= {name: reasons.get(name, obstacle) for name in names}
    if not conditions.model_ready:
        sentence = conditions.model_reason or tr("The model is not ready: wait, or choose another one.")
        reasons |= {name: reasons.get(name, sentence) for name in MODEL_TARGETS}
    return reasons


_TASK_PHRASES = {
    "continue": translatable("continue a phrase"),
    "harmonize": translatable("harmonize"),
    "mend": translatable("mend a phrase"),
    "vary": translatable("vary a phrase"),
}
"""The model's tasks, as in "this model cannot vary a phrase"."""


def wanted_task(settings: Settings) -> str:
    """Return the task that a model must know for the mode and the kind of answer; empty if none is needed."""
    match settings.mode:
        case "harmonize" | "duet":
            return "harmonize"
        case "continue" | "trade":
            return task_for_answer(settings.answer)
        case _:
            return ""


def model_obstacle(settings: Settings, tasks: Iterable[str]) -> str:
    """Return the sentence that says why a model with these tasks does not play in this mode; empty if it does."""
    task = wanted_task(settings)
    if not task or task in tasks:
        return ""
    what = tr(_TASK_PHRASES.get(task, task))
    if settings.mode not in ("harmonize", "duet"):
        return tr("This model cannot {what}, so nothing sounds as an answer: choose another model or mode.", what=what)
    return tr(
        "This model cannot {what}, so nothing sounds in mode {mode}: choose another model or mode.",
        what=what,
        mode=mode_name(settings.mode),
    )


def suitable_model(settings: Settings, tasks_by_model: Mapping[str, tuple[str, ...]]) -> str:
    """Return the first model that can do what the settings ask for; empty if there is none."""
    task = wanted_task(settings)
    return next((name for name, tasks in tasks_by_model.items() if task in tasks), "")


def _mode_reasons(settings: Settings) -> dict[str, str]:
    only_trade = _same_reason(TRADE_TARGETS, tr("Only in mode Trade, where you and the model take turns."))
    only_duet = _same_reason(DUET_TARGETS, tr("Only in mode Duet, where one voice plays against yours."))
    grid_only = only_trade | only_duet
    match settings.mode:
        case "harmonize":
            sentence = tr("Only in mode Continue: in Harmonize a phrase is answered only on request.")
            latency = tr("Not in mode Harmonize: the chords follow your keys at once and cannot be sent earlier.")
            answer = tr("Only in mode Continue: in Harmonize the answer always continues what you played.")
            return grid_only | _same_reason(PHRASE_END_TARGETS, sentence) | {"latency_ms": latency, "answer": answer}
        case "duet":
            sentence = tr("Not in mode Duet: the voice plays along with you, and no phrase is answered.")
            chords = tr("Only in mode Harmonize: in Duet the voice keeps to the beat.")
            names = (*PHRASE_END_TARGETS, "start", "answer", "answer_bars", "close", "answer_pedal", "end_phrase")
            return only_trade | _same_reason(names, sentence) | _same_reason(CHORD_TARGETS, chords)
        case "trade":
            sentence = tr("Not in mode Trade: your turn ends on its bar line.")
            names = (*PHRASE_END_TARGETS, "start", "answer_bars", "answer_pedal", "end_phrase", "let_finish")
            harmony = tr("Only in mode Harmonize: in Trade the model answers whole turns.")
            return only_duet | _same_reason(names, sentence) | _same_reason(HARMONY_TARGETS, harmony)
        case "continue":
            sentence = tr("Only in mode Harmonize: in Continue the model answers whole phrases.")
            return grid_only | _same_reason(HARMONY_TARGETS, sentence)
        case "off":
            sentence = tr("Nothing sounds in mode Off: choose another mode.")
            names = (*PHRASE_END_TARGETS, *ANSWER_TARGETS, *HARMONY_TARGETS, *MODEL_TARGETS, "latency_ms")
            return grid_only | _same_reason(names, sentence)
        case _:
            return {}


def _same_reason(targets: Iterable[str], sentence: str) -> dict[str, str]:
    return dict.fromkeys(targets, sentence)


def _tempo_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if not settings.link:
        reasons["link_start_stop"] = tr("Only with Ableton Link: switch it on first.")
    if conditions.clock_running and settings.follow_clock:
        sentence = tr("The DAW's clock sets the tempo: stop it, or switch it off here.")
        reasons |= dict.fromkeys(("bpm", "bpm.fixed", "tap", "start_playing"), sentence)
        reasons["clock_out"] = tr("The DAW's clock sets the tempo, so none is sent back to it: stop it there first.")
    elif conditions.link_running:
        sentence = tr("Ableton Link sets the tempo: change it in another program, or switch Link off here.")
        reasons |= dict.fromkeys(("bpm", "bpm.fixed", "tap", "start_playing"), sentence)
    elif not settings.bpm:
        reasons["bpm"] = tr("The tempo is taken from your playing: set it to fixed, or tap it.")
        reasons["start_playing"] = tr("No tempo is set: set it to fixed, or tap it.")
    return reasons


def _metronome_reasons(settings: Settings) -> dict[str, str]:
    sentence = tr("The metronome is off: switch it on first.")
    return dict.fromkeys(METRONOME_TARGETS, sentence) if settings.metronome == "off" else {}


def _voice_reasons(settings: Settings) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for index, voice in enumerate(VOICES):
        if settings.harmony == voice[0]:
            reasons[f"harmony.{index}"] = tr("This is the only voice that is on: switch another one on first.")
        if settings.mode == "duet":
            reasons[f"harmony.{index}"] = tr("In mode Duet one voice sounds: choose it as the duet voice.")
        elif settings.mode == "harmonize" and voice == settings.voice:
            reasons[f"harmony.{index}"] = tr("You play this voice yourself: it is not doubled.")
    return reasons


def _phrase_reasons(settings: Settings) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if settings.phrase_end != "silence":
        reasons["silence_beats"] = reasons["foresee_end"] = tr("Only if a silence ends the phrase.")
    if settings.phrase_end != "bars":
        reasons["phrase_bars"] = tr("Only if a number of bars ends the phrase.")
    return reasons


def _answer_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if settings.mode == "continue" and task_for_answer(settings.answer) != "continue":
        reasons["answer_bars"] = tr("Only for a continuation: this answer is as long as your phrase.")
    if settings.mode == "continue" and settings.answer == "dream":
        reasons["close"] = tr("A dream goes on without a close.")
    elif settings.mode in ("continue", "trade") and task_for_answer(settings.answer) != "continue":
        reasons["close"] = tr("Only for a continuation: other answers end with your phrase.")
    known = [kind for kind in ANSWERS if task_for_answer(kind) in conditions.model_tasks]
    if known in ([], [settings.answer]):
        reasons["answer"] = tr("This model gives no other answer: choose another model.")
    return reasons


def _harmony_reasons(settings: Settings, conditions: Conditions) -> dict[str, str]:
    follows_clock = conditions.clock_running and settings.follow_clock
    tempo_known = settings.bpm > 0 or follows_clock or conditions.link_running
    reasons: dict[str, str] = {}
    if not tempo_known:
        reasons["density"] = tr(
            "Inner voices move only when the tempo is set: set it to fixed, tap it, or start the clock."
        )
    if settings.rules == "none":
        reasons["candidates"] = tr("The best chord is chosen by the rules: keep at least one of them.")
    return reasons


def _hands_reasons(settings: Settings) -> dict[str, str]:
    reasons: dict[str, str] = {}
    if settings.hands != "split":
        reasons["split_point"] = tr("Only with a split point between your hands.")
    if settings.hands != "channels":
        reasons |= dict.fromkeys(("melody_channel", "chord_channel"), tr("Only if each hand has a channel of its own."))
    if settings.hands != "lowest":
        reasons["left_keys"] = tr("Only if the left hand plays the lowest keys.")
    if settings.hands == "melody":
        reasons["left_hand"] = tr("Every key counts as melody: set Hands to something else first.")
    return reasons
