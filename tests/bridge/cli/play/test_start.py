"""The decision of `make run` between the app and the demo."""

import pytest

from bachbridge.cli.play.start import missing_for_app


@pytest.mark.parametrize(
    ("environment", "platform", "midi", "missing"),
    [
        ({"DISPLAY": ":0"}, "linux", True, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, None),
        ({}, "win32", True, None),
        ({}, "darwin", True, None),
        ({"DISPLAY": ""}, "linux", True, "display"),
        ({}, "linux", True, "display"),
        ({"DISPLAY": ":0"}, "linux", False, "MIDI system"),
        ({}, "darwin", False, "MIDI system"),
        ({}, "linux", False, "display and no MIDI system"),
    ],
)
def test_app_needs_display_and_midi(
    environment: dict[str, str], platform: str, midi: bool, missing: str | None
) -> None:
    assert missing_for_app(environment, platform, has_midi=midi) == missing
