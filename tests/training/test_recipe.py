"""Recipes: all shipped ones are valid, and a wrong one is refused with one sentence."""

import json
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
    ],
    ids=["copying", "sequences", "keys"],
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
