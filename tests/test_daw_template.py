"""Reaper's track template is well formed: blocks in angle brackets, each with its fields."""

from pathlib import Path

TEMPLATE = Path(__file__).parent.parent / "installers" / "daw" / "BachBridge.RTrackTemplate"


def test_track_template_has_two_armed_midi_tracks() -> None:
    tracks: list[dict[str, list[str]]] = []
    is_open = False
    for line in TEMPLATE.read_text("ascii").splitlines():
        word, *fields = line.split(maxsplit=1)
        if word.startswith("<"):
            assert word == "<TRACK"
            assert not is_open
            is_open = True
            tracks.append({})
        elif word == ">":
            is_open = False
        else:
            assert is_open
            tracks[-1][word] = fields
    assert not is_open
    assert [track["NAME"] for track in tracks] == [['"to BachBridge"'], ['"BachBridge answers"']]
    for track in tracks:
        armed, source, monitored, *_ = track["REC"][0].split()
        assert (armed, monitored) == ("1", "1")
        assert int(source) == 4096 | 63 << 5
