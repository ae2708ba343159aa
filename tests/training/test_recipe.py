"""Recipes: all shipped ones are valid, and a wrong one is refused with one sentence."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from bachbridge.errors import ConfigError
from bachbridge_training import recipe
from bachbridge_training.runs.families import family_of

MODELS = Path(__file__).parents[2] / "models"
SHIPPED = sorted(
    entry.name
    for entry in resources.files("bachbridge_training").joinpath("recipes").iterdir()
    if ".toml" in entry.name
)


def shipped_text(name: str) -> str:
    return resources.files("bachbridge_training").joinpath("recipes", name).read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_survive_writing_and_have_a_family(name: str, tmp_path: Path) -> None:
    shipped = recipe.read_recipe(name.removesuffix(".toml"))
    recipe.write_recipe(shipped, tmp_path / name)
    assert recipe.read_recipe(str(tmp_path / name)) == shipped
    assert family_of(shipped.codec)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("units = ", "units = 0  # ", '"units" should be at least 1'),
        ("units = ", "unitz = ", "unknown keys unitz"),
        ("seed = 1", 'seed = "one"', '"seed" should be a whole number and is a text'),
        ("dropout = ", "# ", 'its field "dropout" is missing'),
        ('name = "coconet"', 'name = ""', '"name" should not be empty'),
        ("heads = 4", "heads = 5", r"\(128 units cannot be shared out to 5 heads"),
        ("heads = 4", "heads = 100", r"\(128 units cannot be shared out to 100 heads"),
        ('"infill_grid"', '"grid"', "unknown codec 'grid'; there are satb, infill_grid, abc"),
    ],
)
def test_read_recipe_refuses_wrong_keys_and_values(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(shipped_text("coconet.toml").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=message):
        recipe.read_recipe(str(path))


def test_read_recipe_accepts_the_old_codec_name_canvas(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text(shipped_text("coconet.toml").replace("infill_grid", "canvas"), "utf-8")
    assert recipe.read_recipe(str(path)) == recipe.read_recipe("coconet")
    assert family_of("canvas") is family_of("infill_grid")


@pytest.mark.parametrize("card", sorted(MODELS.glob("*/card.json")), ids=lambda card: card.parent.name)
def test_shipped_models_come_with_their_recipe_and_history(card: Path) -> None:
    stages = recipe.read_stages(str(card.parent / recipe.RECIPE_FILE))
    assert stages == recipe.read_stages(card.parent.name)
    history = json.loads(card.read_text("utf-8"))["history"]
    assert all(entry["steps"] > 0 for entry in history)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("play-bach", {"attention = 2": "attention = 0"}, "copying needs attention"),
        ("play-bach", {"attention = 2": "attention = 0", "copying = true": "copying = false"}, "need attention"),
        ("keys88", {"joined = true": "joined = true\nmelodic_sequences = true"}, "need the codec abc or chords"),
        ("keys88", {"joined = true": "joined = true\ntunes = 0.5"}, "tunes need the codec chords"),
        ("play-bach-heads", {"joined = false": "joined = false\ntunes = 0.5"}, "tunes have neither durations nor"),
    ],
    ids=["copying", "sequences", "keys", "tunes", "durations"],
)
def test_read_recipe_refuses_parts_that_lack_others(
    name: str, changes: dict[str, str], message: str, tmp_path: Path
) -> None:
    text = shipped_text(f"{name}.toml")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "wrong.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message):
        recipe.read_recipe(str(path))


OPTIONS = "names, rests, durations, unit, longest, levels"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("play-bach", "durations = false", "duration = true", f"unknown options duration; there are {OPTIONS}"),
        ("play-bach", "durations = false", "durations = 3", 'in its options, "durations" should be true or false'),
        ("play-bach", 'names = "full"', 'names = "all"', "give full or normal"),
        ("abc", "given = false", "give = false", "unknown options give; there are given"),
        (
            "keys88",
            "top_p = 0.95",
            "top_p = 0.95\n[options]\nfoo = 3",
            "foo; the codec keys88 has none",
        ),
    ],
    ids=["misspelt", "number", "naming", "tunes", "none"],
)
def test_read_recipe_refuses_unknown_options(name: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    text = shipped_text(f"{name}.toml")
    assert old in text
    (tmp_path / "wrong.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=message):
        recipe.read_recipe(str(tmp_path / "wrong.toml"))


STAGES = """
[[stage]]
name = "one"

[[stage]]
name = "two"
"""


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("phrase-ends", "units = 32", 'the stage "two" changes "units"'),
        ("phrase-ends", "layers = 3", 'the stage "two" changes "layers"'),
        ("keys88", "embedding = 32", 'the stage "two" changes "embedding"'),
        ("keys88", "attention = 4", 'the stage "two" changes "attention"'),
        ("keys88", "copying = false", 'the stage "two" changes "copying"'),
        ("play-bach", "melodic_sequences = false", 'the stage "two" changes "melodic_sequences"'),
        ("play-bach", "[stage.options]\nlevels = 8", 'the stage "two" changes "options"'),
        ("keys88", "dropout = 2.0", 'in the stage "two", "dropout" should be less than 1'),
    ],
)
def test_read_stages_refuses_another_network(name: str, change: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    path.write_text(f"{shipped_text(f'{name}.toml')}{STAGES}dropout = 0.1\n", "utf-8")
    assert len(recipe.read_stages(str(path))) == 2
    path.write_text(f"{shipped_text(f'{name}.toml')}{STAGES}{change}\n", "utf-8")
    with pytest.raises(ConfigError, match=message):
        recipe.read_stages(str(path))


@pytest.mark.parametrize("key", ["blocks", "heads", "wide", "head"])
def test_read_stages_refuses_another_infill_network(key: str, tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    path.write_text(f"{shipped_text('coconet.toml')}\n{key} = 2\n", "utf-8")
    with pytest.raises(ConfigError, match=f'the stage "falling-again" changes "{key}"'):
        recipe.read_stages(str(path))


def test_read_stages_refuses_a_stage_after_a_pointer(tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    last = shipped_text("chorale-lstm.toml").split("[[stage]]")[-1].replace("pointer", "on", 1)
    path.write_text(f"{shipped_text('chorale-lstm.toml')}[[stage]]{last}", "utf-8")
    with pytest.raises(ConfigError, match='"on" follows one with "pointer"'):
        recipe.read_stages(str(path))


def test_read_stages_names_no_stage_for_a_key_at_the_top(tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    path.write_text(shipped_text("coconet.toml").replace("units = 128", "units = 0"), "utf-8")
    with pytest.raises(ConfigError, match=r'\("units" should be at least 1\)'):
        recipe.read_stages(str(path))


def test_read_stages_says_how_stages_are_written(tmp_path: Path) -> None:
    path = tmp_path / "staged.toml"
    for stage in ("stage = 3", '[stage]\nname = "a"', "stage = [1]"):
        path.write_text(f"{shipped_text('phrase-ends.toml')}\n{stage}\n", "utf-8")
        with pytest.raises(ConfigError, match=r"begin each of them with a line \[\[stage\]\]"):
            recipe.read_stages(str(path))


def test_read_recipe_accepts_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_text(shipped_text("keys88.toml"), "utf-8-sig")
    assert recipe.read_recipe(str(path)) == recipe.read_recipe("keys88")
    path.write_bytes(b"\x89PNG\xff\x00")
    with pytest.raises(ConfigError, match="it is not a text in UTF-8"):
        recipe.read_recipe(str(path))


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("seed", 2**32 - 1, recipe.MAX_SEED),
        ("units", 10**9, 8192),
        ("layers", 1000, 100),
        ("batch", 10**9, 65_536),
        ("window", 10**9, 16_384),
        ("steps", 10**12, 10**9),
        ("shifts", 300, 12),
        ("attention", 10**9, 100),
    ],
)
def test_read_recipe_refuses_absurd_numbers(key: str, value: int, limit: int, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    for number in (limit, value):
        path.write_text(re.sub(rf"(?m)^{key} = .*$", f"{key} = {number}", shipped_text("keys88.toml")), "utf-8")
        if number == limit:
            assert getattr(recipe.read_recipe(str(path)), key) == limit
    with pytest.raises(ConfigError, match=f'"{key}" should be at most {limit}'):
        recipe.read_recipe(str(path))


def test_read_stages_refuses_too_many_branches(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(shipped_text("coconet.toml").replace("branches = 2", "branches = 101", 1), "utf-8")
    with pytest.raises(ConfigError, match='in the stage "falling-rate", "branches" should be at most 100'):
        recipe.read_stages(str(path))
