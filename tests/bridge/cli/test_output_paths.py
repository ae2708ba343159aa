"""Nothing of the user's is lost: what exists stays without --force, and the input stays in any case."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bachbridge.atomic_files import atomic_folder, atomic_output
from bachbridge.cli.main import app
from bachbridge.cli.output_paths import check_outputs, choose_output, choose_output_folder, derived_path, free_paths
from bachbridge.errors import BachBridgeError, ConfigError
from bachbridge.files.midi_writer import write_midi
from bachbridge.music.performance import Part, TimedNote
from bachbridge.music.timeline import COMMON_TIME


@pytest.fixture
def melody(tmp_path: Path) -> Path:
    path = tmp_path / "melody.mid"
    notes = tuple(TimedNote(i * 500_000_000, (i + 1) * 500_000_000, 67 + i, 80) for i in range(4))
    write_midi(path, [Part(0, notes)], bpm=120, meter=COMMON_TIME)
    return path


def test_output_without_name_is_made_from_the_input(tmp_path: Path) -> None:
    default = derived_path(tmp_path / "melody.mid", "harmonized", ".mid")
    assert choose_output(None, default, force=False) == tmp_path / "melody-harmonized.mid"
    default.touch()
    assert choose_output(None, default, force=False) == tmp_path / "melody-harmonized-2.mid"
    (tmp_path / "melody-harmonized-2.mid").symlink_to(tmp_path / "nowhere")
    assert choose_output(None, default, force=True) == tmp_path / "melody-harmonized-3.mid"


def test_missing_folder_of_the_input_is_named(tmp_path: Path) -> None:
    source = tmp_path / "none" / "melody.mid"
    with pytest.raises(BachBridgeError, match=r"melody\.mid cannot be read .there is no folder"):
        choose_output(None, derived_path(source, "harmonized", ".mid"), inputs=[source], force=False)


def test_free_paths_share_their_number(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert free_paths([tmp_path / "a.mid", tmp_path / "a.wav"]) == [tmp_path / "a-2.mid", tmp_path / "a-2.wav"]


def test_existing_output_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "out.mid"
    path.touch()
    with pytest.raises(BachBridgeError, match="--force"):
        check_outputs([path], force=False)
    check_outputs([path], force=True)


def test_dangling_link_needs_force(tmp_path: Path) -> None:
    (tmp_path / "out.mid").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BachBridgeError, match="--force"):
        check_outputs([tmp_path / "out.mid"], force=False)


@pytest.mark.parametrize("kind", ["itself", "spelling", "symbolic", "hard", "folder"])
def test_input_is_never_replaced(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "in.mid"
    source.touch()
    target = tmp_path / "out.mid"
    match kind:
        case "symbolic":
            target.symlink_to(source)
        case "hard":
            target.hardlink_to(source)
        case "folder":
            (tmp_path / "link").symlink_to(tmp_path)
            target = tmp_path / "link" / "in.mid"
        case "spelling":
            (tmp_path / "sub").mkdir()
            target = tmp_path / "sub" / ".." / "in.mid"
        case _:
            target = source
    with pytest.raises(ConfigError, match="input itself"):
        check_outputs([target], inputs=[source], force=True)


def test_outputs_need_different_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different names"):
        check_outputs([tmp_path / "a.mid", tmp_path / "a.mid"], force=True)


def test_device_is_no_output() -> None:
    with pytest.raises(BachBridgeError, match="device"):
        check_outputs([Path(os.devnull)], force=True)


def test_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    path = choose_output(tmp_path / "out.mid", Path(), force=False)

    def write_while_another_does() -> None:
        with atomic_output(path) as scratch:
            scratch.write_text("ours")
            path.write_text("theirs")

    with pytest.raises(BachBridgeError, match="meanwhile"):
        write_while_another_does()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.mid", "theirs")]


def test_output_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "out.mid"
    link.symlink_to(tmp_path / "real" / "file.mid")
    with atomic_output(link) as scratch:
        scratch.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "file.mid").read_text() == "new"


@pytest.mark.parametrize(
    ("command", "made"),
    [(["roll"], "melody-roll.png"), (["harmonize"], "melody-harmonized.mid"), (["continue"], "melody-continued.mid")],
)
def test_command_makes_a_name_and_keeps_files(command: list[str], made: str, melody: Path) -> None:
    before = melody.read_bytes()
    assert CliRunner().invoke(app, [*command, str(melody)]).exit_code == 0
    assert CliRunner().invoke(app, [*command, str(melody)]).exit_code == 0
    stem, suffix = made.split(".")
    assert {path.name for path in melody.parent.iterdir()} == {melody.name, made, f"{stem}-2.{suffix}"}
    kept = (melody.parent / made).read_bytes()
    again = CliRunner().invoke(app, [*command, str(melody), "-o", str(melody.parent / made)])
    assert "--force" in str(again.exception)
    onto_itself = CliRunner().invoke(app, [*command, str(melody), "-o", str(melody), "--force"])
    assert "input itself" in str(onto_itself.exception)
    assert (melody.parent / made).read_bytes() == kept
    assert melody.read_bytes() == before
    assert CliRunner().invoke(app, [*command, str(melody), "-o", str(melody.parent / made), "--force"]).exit_code == 0


# ---------------------------------------------------------------- folders


def test_folder_without_name_gets_a_free_one(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    chosen = choose_output_folder(None, tmp_path / "page", is_replaceable=bool, force=False)
    assert chosen == tmp_path / "page-2"
    assert choose_output_folder(tmp_path / "page", tmp_path, is_replaceable=bool, force=False) == tmp_path / "page"


def test_folder_with_content_needs_force_and_the_same_maker(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "file").touch()
    with pytest.raises(BachBridgeError, match="--force"):
        choose_output_folder(folder, folder, is_replaceable=lambda _: True, force=False)
    assert choose_output_folder(folder, folder, is_replaceable=lambda _: True, force=True) == folder
    for force in (False, True):
        with pytest.raises(BachBridgeError, match="never replaced: give the name of a new folder"):
            choose_output_folder(folder, folder, is_replaceable=lambda _: False, force=force)


def test_folder_that_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    for name, message in (
        ("file", "it is no folder"),
        ("link", "it is no folder"),
        ("none/page", "there is no folder none"),
        (".", "this is the current folder"),
        ("..", "this is the current folder"),
    ):
        with pytest.raises(BachBridgeError, match=message):
            choose_output_folder(Path(name), tmp_path, is_replaceable=lambda _: True, force=True)


def test_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    with pytest.raises(BachBridgeError, match="free some space"), atomic_folder(folder) as scratch:
        (scratch / "none" / "file").touch()
    assert not list(tmp_path.iterdir())
    folder.mkdir()
    with atomic_folder(folder) as scratch:
        (scratch / "new").touch()
        assert not list(folder.iterdir())
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert folder.stat().st_mode & 0o777 == 0o777 & ~_umask()


def test_folder_is_replaced_only_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "old").touch()
    with (
        pytest.raises(BachBridgeError, match="written by another program meanwhile and stays"),
        atomic_folder(folder) as scratch,
    ):
        (scratch / "new").touch()
    assert [path.name for path in folder.iterdir()] == ["old"]
    with atomic_folder(folder, replace=True) as scratch:
        (scratch / "new").touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
