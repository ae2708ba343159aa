"""What cannot work now, and why."""

from dataclasses import replace

import pytest

from bachbridge.settings import MODES, Settings
from bachbridge_gui.settings.availability import (
    HARMONY_TARGETS,
    MODEL_TARGETS,
    PHRASE_END_TARGETS,
    Conditions,
    unavailable_reasons,
)
from bachbridge_gui.settings.targets import is_target

CONTINUE, HARMONIZE, OFF = (Settings(mode=mode, bpm=90.0) for mode in ("continue", "harmonize", "off"))
USUAL = Conditions()


@pytest.mark.parametrize("mode", MODES)
def test_reasons_are_sentences_about_targets(mode: str) -> None:
    found = unavailable_reasons(Settings(mode=mode), Conditions(model_ready=False, clock_running=True))
    assert all(is_target(name) or name == "bpm.fixed" for name in found)
    assert all(sentence.endswith(".") and len(sentence) < 120 for sentence in found.values())


def test_a_phrase_has_no_end_in_live_harmony() -> None:
    assert set(PHRASE_END_TARGETS) <= unavailable_reasons(HARMONIZE, USUAL).keys()
    assert (
        not {"phrase_end", "silence_beats", "answer_bars", "end_phrase"} & unavailable_reasons(CONTINUE, USUAL).keys()
    )


def test_live_harmony_has_its_own() -> None:
    assert set(HARMONY_TARGETS) <= unavailable_reasons(CONTINUE, USUAL).keys()
    assert not set(HARMONY_TARGETS) & unavailable_reasons(HARMONIZE, USUAL).keys()


def test_nothing_is_answered_when_off() -> None:
    assert {*PHRASE_END_TARGETS, *HARMONY_TARGETS, *MODEL_TARGETS} <= unavailable_reasons(OFF, USUAL).keys()
    assert not {"mode", "model", "thru", "levels.0", "channels.0", "reset"} & unavailable_reasons(OFF, USUAL).keys()


def test_inner_voices_need_a_tempo() -> None:
    free = replace(HARMONIZE, bpm=0.0)
    assert "tempo" in unavailable_reasons(free, USUAL)["density"]
    assert "density" not in unavailable_reasons(free, Conditions(clock_running=True))
    assert "density" in unavailable_reasons(replace(free, follow_clock=False), Conditions(clock_running=True))
    assert "density" not in unavailable_reasons(HARMONIZE, USUAL)


def test_ones_own_voice_is_not_switched() -> None:
    assert "yourself" in unavailable_reasons(replace(HARMONIZE, voice="alto"), USUAL)["harmony.1"]
    assert "harmony.0" not in unavailable_reasons(CONTINUE, USUAL)


def test_the_last_voice_stays() -> None:
    assert set(unavailable_reasons(replace(CONTINUE, harmony="t"), USUAL)) & {f"harmony.{i}" for i in range(4)} == {
        "harmony.2"
    }


def test_only_the_rule_at_hand_has_a_length() -> None:
    assert "silence_beats" not in unavailable_reasons(CONTINUE, USUAL)
    assert "phrase_bars" in unavailable_reasons(CONTINUE, USUAL)
    bars = unavailable_reasons(replace(CONTINUE, phrase_end="bars"), USUAL)
    assert "silence_beats" in bars
    assert "phrase_bars" not in bars


def test_the_clock_takes_the_tempo_over() -> None:
    assert {"tap", "bpm"} <= unavailable_reasons(CONTINUE, Conditions(clock_running=True)).keys()
    assert "tap" not in unavailable_reasons(replace(CONTINUE, follow_clock=False), Conditions(clock_running=True))
    assert "tap" not in unavailable_reasons(CONTINUE, USUAL)


def test_without_a_model_its_own_sentence_is_given() -> None:
    down = unavailable_reasons(CONTINUE, Conditions(model_ready=False, model_reason="The model is loading."))
    assert down["temperature"] == down["end_phrase"] == "The model is loading."
    assert down["density"] == unavailable_reasons(CONTINUE, USUAL)["density"], "what the mode forbids comes first"
    assert not {"model", "mode", "thru", "reset"} & down.keys()


def test_a_mode_that_is_not_known_here_forbids_nothing() -> None:
    invented = replace(CONTINUE, mode="accompany")
    assert not {*PHRASE_END_TARGETS, "voice", "key", "cadence"} & (
        unavailable_reasons(invented, USUAL).keys() - {"phrase_bars"}
    )


def test_only_a_continuation_has_a_length_of_its_own() -> None:
    assert "answer_bars" not in unavailable_reasons(CONTINUE, USUAL)
    assert "as long as your phrase" in unavailable_reasons(replace(CONTINUE, answer="vary"), USUAL)["answer_bars"]
    assert "answer_bars" not in unavailable_reasons(replace(HARMONIZE, answer="vary"), USUAL), "there it is continued"


def test_there_is_a_choice_where_the_model_has_one() -> None:
    assert "answer" not in unavailable_reasons(CONTINUE, USUAL)
    assert "answer" not in unavailable_reasons(CONTINUE, Conditions(model_tasks=("continue", "harmonize")))
    assert "answer" not in unavailable_reasons(CONTINUE, Conditions(model_tasks=("continue",))), (
        "a continuation or a dream"
    )
    assert (
        "choose another model"
        in unavailable_reasons(replace(CONTINUE, answer="vary"), Conditions(model_tasks=("vary",)))["answer"]
    )
    assert "answer" not in unavailable_reasons(replace(CONTINUE, answer="vary"), Conditions(model_tasks=("continue",)))
    assert "Only in mode Continue" in unavailable_reasons(HARMONIZE, USUAL)["answer"]
