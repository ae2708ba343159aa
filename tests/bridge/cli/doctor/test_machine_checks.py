"""The doctor's checks of timer, models and settings, and what it prints."""

import json
from pathlib import Path

import pytest

from bachbridge.cli.doctor import command
from bachbridge.cli.doctor.findings import Finding
from bachbridge.cli.doctor.machine_checks import check_settings, judge_models, judge_timer
from bachbridge.errors import ModelError
from bachbridge.inference.runtime import library


@pytest.mark.parametrize(("late_ms", "level"), [(0.1, "good"), (4, "warning"), (30, "bad")])
def test_timer_is_judged_by_its_latest_times(late_ms: float, level: str) -> None:
    finding = judge_timer([100_000] * 90 + [int(late_ms * 1e6)] * 10)
    assert (finding.level, finding.figures["p50_ms"]) == (level, 0.1)
    assert bool(finding.advice) == (level != "good")


def test_each_unusable_model_has_a_finding() -> None:
    listed = [*library.list_models(), ("hymns", ModelError("its card is damaged: install it again."))]
    good, bad = judge_models(listed)
    assert good.level == "good"
    assert "chorale-lstm" in good.fact
    assert (bad.level, bad.fact) == ("bad", "hymns cannot be used: its card is damaged: install it again.")


def test_no_model_at_all_is_bad() -> None:
    assert [finding.level for finding in judge_models([])] == ["bad"]


def test_stranger_is_no_fault() -> None:
    card = library.find_card("chorale-lstm")
    good, stranger = judge_models([("abc", card), ("hymns", library.UntrustedModelError(card))])
    assert (good.level, stranger.level) == ("good", "warning")
    assert stranger.advice.endswith("bachbridge trust hymns")


def test_settings_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    assert check_settings(path).level == "good"
    path.parent.mkdir()
    path.write_text("temperature = 1.1\n")
    assert check_settings(path).level == "good"
    path.write_text("temperature = [\n")
    finding = check_settings(path)
    assert (finding.level, str(path) in finding.fact) == ("bad", True)
    assert path.read_text() == "temperature = [\n"


def found(level: str) -> tuple[tuple[str, object], ...]:
    return (("Timer", lambda: Finding("Timer", level, "0.1 ms late.", "Wait." if level == "bad" else "")),)  # pyright: ignore[reportArgumentType] # a level


def test_doctor_prints_advice_and_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CHECKS", found("bad"))
    with pytest.raises(SystemExit) as stop:
        command.run_doctor(json=False)
    assert stop.value.code == 1
    assert capsys.readouterr().out == "!!   Timer: 0.1 ms late.\n     Wait.\n"


def test_doctor_writes_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CHECKS", found("good"))
    command.run_doctor(json=True)
    assert json.loads(capsys.readouterr().out)["findings"][0]["level"] == "good"


def test_error_of_a_check_is_a_finding(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Finding:
        raise ModelError("the models cannot be read: check the folder.")

    monkeypatch.setattr(command, "CHECKS", (("Models", fail),))
    with pytest.raises(SystemExit):
        command.run_doctor(json=False)
    assert capsys.readouterr().out == "!!   Models: the models cannot be read: check the folder.\n"
