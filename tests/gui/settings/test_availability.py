"""The reasons why controls have no effect now."""

from dataclasses import replace

import pytest

from bachbridge.settings import MODES, Settings
from bachbridge_gui.settings.availability import (
    HARMONY_TARGETS,
    MODEL_TARGETS,
    PHRASE_END_TARGETS,
    Conditions,
    model_obstacle,
    suitable_model,
    unavailable_reasons,
)
from bachbridge_gui.settings.targets import is_target

CONTINUE, HARMONIZE, TRADE, DUET, OFF = (
    Settings(mode=mode, bpm=90.0) for mode in ("continue", "harmonize", "trade", "duet", "off")
)
USUAL = Conditions()


@pytest.mark.parametrize("mode", MODES)
def test_reasons_are_sentences_by_target(mode: str) -> None:
    found = unavailable_reasons(Settings(mode=mode), Conditions(model_ready=False, clock_running=True))
    assert all(is_target(name) or name == "bpm.fixed" for name in found)
    assert all(sentence.endswith(".") and len(sentence) < 120 for sentence in found.values())


def test_harmonize_disables_phrase_end() -> None:
    assert set(PHRASE_END_TARGETS) <= unavailable_reasons(HARMONIZE, USUAL).keys()
    assert (
        not {"phrase_end", "silence_beats", "answer_bars", "end_phrase"} & unavailable_reasons(CONTINUE, USUAL).keys()
    )


def test_continue_disables_harmony_controls() -> None:
    assert set(HARMONY_TARGETS) <= unavailable_reasons(CONTINUE, USUAL).keys()
    assert not set(HARMONY_TARGETS) & unavailable_reasons(HARMONIZE, USUAL).keys()


def test_trade_has_turns_of_its_own_length() -> None:
    assert {*PHRASE_END_TARGETS, *HARMONY_TARGETS, "answer_bars", "start"} <= unavailable_reasons(TRADE, USUAL).keys()
    assert not {"trade_bars", "answer", "latency_ms"} & unavailable_reasons(TRADE, USUAL).keys()
    assert all("trade_bars" in unavailable_reasons(other, USUAL) for other in (CONTINUE, HARMONIZE, DUET, OFF))


def test_duet_has_one_voice_and_no_answers() -> None:
    reasons = unavailable_reasons(DUET, USUAL)
    assert {*PHRASE_END_TARGETS, "answer", "end_phrase", "chord_on", "harmony.0", "harmony.3"} <= reasons.keys()
    assert not {"duet_voice", "counterpoint", "voice", "density", "rules", "cadence", "latency_ms"} & reasons.keys()
    assert all("duet_voice" in unavailable_reasons(other, USUAL) for other in (CONTINUE, HARMONIZE, TRADE, OFF))


def test_off_disables_answers() -> None:
    assert {*PHRASE_END_TARGETS, *HARMONY_TARGETS, *MODEL_TARGETS} <= unavailable_reasons(OFF, USUAL).keys()
    assert not {"mode", "model", "thru", "levels.0", "channels.0", "reset"} & unavailable_reasons(OFF, USUAL).keys()


def test_density_needs_tempo() -> None:
    free = replace(HARMONIZE, bpm=0.0)
    assert "tempo" in unavailable_reasons(free, USUAL)["density"]
    assert "density" not in unavailable_reasons(free, Conditions(clock_running=True))
    assert "density" in unavailable_reasons(replace(free, follow_clock=False), Conditions(clock_running=True))
    assert "density" not in unavailable_reasons(HARMONIZE, USUAL)


def test_own_voice_cannot_be_switched() -> None:
    assert "yourself" in unavailable_reasons(replace(HARMONIZE, voice="alto"), USUAL)["harmony.1"]
    assert "harmony.0" not in unavailable_reasons(CONTINUE, USUAL)


def test_last_voice_cannot_be_switched_off() -> None:
    assert set(unavailable_reasons(replace(CONTINUE, harmony="t"), USUAL)) & {f"harmony.{i}" for i in range(4)} == {
        "harmony.2"
    }


def test_only_chosen_phrase_end_has_a_length() -> None:
    assert "silence_beats" not in unavailable_reasons(CONTINUE, USUAL)
    assert "phrase_bars" in unavailable_reasons(CONTINUE, USUAL)
    bars = unavailable_reasons(replace(CONTINUE, phrase_end="bars"), USUAL)
    assert "silence_beats" in bars
    assert "phrase_bars" not in bars


def test_running_clock_disables_tempo() -> None:
    assert {"tap", "bpm"} <= unavailable_reasons(CONTINUE, Conditions(clock_running=True)).keys()
    assert "tap" not in unavailable_reasons(replace(CONTINUE, follow_clock=False), Conditions(clock_running=True))
    assert "tap" not in unavailable_reasons(CONTINUE, USUAL)


def test_link_session_disables_tempo() -> None:
    reasons = unavailable_reasons(CONTINUE, Conditions(link_running=True))
    assert "Link" in reasons["bpm"] == reasons["tap"]
    assert "density" not in unavailable_reasons(replace(HARMONIZE, bpm=0.0), Conditions(link_running=True))


def test_clock_out_is_not_sent_back_to_its_source() -> None:
    assert "none is sent back" in unavailable_reasons(CONTINUE, Conditions(clock_running=True))["clock_out"]
    assert "clock_out" not in unavailable_reasons(CONTINUE, USUAL)


def test_start_and_stop_need_link() -> None:
    assert "link_start_stop" in unavailable_reasons(CONTINUE, USUAL)
    assert "link_start_stop" not in unavailable_reasons(replace(CONTINUE, link=True), USUAL)


def test_missing_model_gives_its_reason() -> None:
    down = unavailable_reasons(CONTINUE, Conditions(model_ready=False, model_reason="The model is loading."))
    assert down["temperature"] == down["end_phrase"] == "The model is loading."
    assert down["density"] == unavailable_reasons(CONTINUE, USUAL)["density"], "the mode's reason comes first"
    assert not {"model", "mode", "thru", "reset"} & down.keys()


def test_unknown_mode_disables_nothing() -> None:
    invented = replace(CONTINUE, mode="accompany")
    assert not {*PHRASE_END_TARGETS, "voice", "key", "cadence"} & (
        unavailable_reasons(invented, USUAL).keys() - {"phrase_bars"}
    )


def test_only_continuation_has_its_own_length() -> None:
    assert "answer_bars" not in unavailable_reasons(CONTINUE, USUAL)
    assert "as long as your phrase" in unavailable_reasons(replace(CONTINUE, answer="vary"), USUAL)["answer_bars"]
    assert "answer_bars" not in unavailable_reasons(replace(HARMONIZE, answer="vary"), USUAL), "there it is continued"


def test_only_continuation_closes() -> None:
    assert not any("close" in unavailable_reasons(mode, USUAL) for mode in (CONTINUE, TRADE, HARMONIZE))
    assert "end with your phrase" in unavailable_reasons(replace(CONTINUE, answer="vary"), USUAL)["close"]
    assert "dream" in unavailable_reasons(replace(CONTINUE, answer="dream"), USUAL)["close"]
    for mode in (HARMONIZE, TRADE):
        assert "close" not in unavailable_reasons(replace(mode, answer="dream"), USUAL), "there it is continued"


def test_answer_kinds_depend_on_model() -> None:
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


@pytest.mark.parametrize(
    ("hands", "available"),
    [
        ("melody", set[str]()),
        ("split", {"split_point", "left_hand"}),
        ("channels", {"melody_channel", "chord_channel", "left_hand"}),
        ("lowest", {"left_keys", "left_hand"}),
    ],
)
def test_hands_controls_depend_on_roles(hands: str, available: set[str]) -> None:
    reasons = unavailable_reasons(Settings(hands=hands), Conditions())
    targets = {"split_point", "melody_channel", "chord_channel", "left_keys", "left_hand"}
    assert targets - reasons.keys() == available


def test_model_without_the_task_makes_controls_grey() -> None:
    only_answers = Conditions(model_tasks=("continue",))
    for settings in (HARMONIZE, DUET):
        reasons = unavailable_reasons(settings, only_answers)
        assert "cannot harmonize" in reasons["temperature"]
        assert "cannot harmonize" in reasons["cadence"]
        assert "mode" not in reasons
        assert "model" not in reasons
    assert "cannot vary" in unavailable_reasons(replace(CONTINUE, answer="vary"), only_answers)["end_phrase"]
    assert "end_phrase" not in unavailable_reasons(CONTINUE, only_answers)


@pytest.mark.parametrize("settings", [CONTINUE, HARMONIZE, TRADE, DUET, OFF])
def test_suitable_model_plays_in_the_mode(settings: Settings) -> None:
    tasks = {"tunes": ("continue",), "chorale": ("continue", "harmonize")}
    if name := suitable_model(settings, tasks):
        assert model_obstacle(settings, tasks[name]) == ""
    assert bool(name) is (settings is not OFF)
    assert suitable_model(replace(CONTINUE, answer="vary"), tasks) == ""
    assert model_obstacle(OFF, ()) == ""
