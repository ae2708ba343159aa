"""The folder in which `bachbridge train` works: whether a run has begun in it, and whether the options fit that run."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from bachbridge.errors import ConfigError
from bachbridge_training import recipe as recipes
from bachbridge_training.folder_lock import lock_folder
from bachbridge_training.recipe import Stage
from bachbridge_training.runs import stages as run_stages
from bachbridge_training.runs.devices import Devices


@contextmanager
def held_folder(folder: Path, devices: Devices) -> Generator[None]:
    """Hold the folder for all processes of this run; raises `ConfigError` in each of them if another run has it."""
    with ExitStack() as held:
        error = None
        if devices.writes:
            try:
                held.enter_context(lock_folder(folder))
            except ConfigError as problem:
                error = problem
        devices.raise_in_all(error)
        yield


def begun_stages(
    folder: Path, wanted: Sequence[Stage], *, resume: bool, from_run: Path | None, seed: int | None
) -> tuple[Stage, ...] | None:
    """Return the stages of the run that is to be resumed; None for a new run.

    Raises `ConfigError` if the options do not fit the contents of the folder.
    """
    recipe_file = folder / recipes.RECIPE_FILE
    begun = recipes.read_stages(str(recipe_file)) if recipe_file.is_file() else None
    is_begun = bool(begun) and any(run.has_begun for run in run_stages.stage_runs(begun, folder))
    if is_begun and not resume:
        raise ConfigError(f"{folder} already holds a run: resume it with --resume, or choose another folder with -o.")
    if begun and not is_begun and (folder / run_stages.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(
            f"{folder} holds weights without a checkpoint, as a mean of branches does: begin another run from it with "
            "--from, in another folder with -o."
        )
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: choose another place for the run with -o.")
    if begun and resume:
        _check_resumed(begun, wanted, folder, from_run=from_run, seed=seed, is_begun=is_begun)
        return begun
    if from_run and not (run_stages.finished_run(from_run) / run_stages.BEST_WEIGHTS_FILE).is_file():
        raise ConfigError(f"{from_run} holds no run to start from: name the folder of a run after --from.")
    if resume:
        raise ConfigError(f"{folder} holds no run to resume: leave --resume out, or name the run's folder with -o.")
    return None


def _check_resumed(
    begun: Sequence[Stage],
    wanted: Sequence[Stage],
    folder: Path,
    *,
    from_run: Path | None,
    seed: int | None,
    is_begun: bool,
) -> None:
    """Raise `ConfigError` if the run in `folder` cannot be resumed with these options; name what they do not change."""
    if from_run:
        raise ConfigError("--from begins a new run and --resume continues an old one: leave one of them out.")
    recipe = begun[0].recipe
    if _kind_of(begun) != _kind_of(wanted):
        raise ConfigError(
            f"the run in {folder} has the recipe {recipe.name} (codec {recipe.codec}): name that recipe, or another "
            "folder with -o."
        )
    if not is_begun:
        raise ConfigError(
            f"the run in {folder} was stopped before its first checkpoint: begin it again, without --resume and with "
            "the options that it had."
        )
    if seed not in {None, recipe.seed}:
        raise ConfigError(f"the run in {folder} began with seed {recipe.seed}: leave --seed out when resuming.")
    if changed := _changed_keys(begun, wanted):
        print(f"the run goes on by the recipe in {folder}, which has other values of {', '.join(changed)}", flush=True)


def _kind_of(stages: Sequence[Stage]) -> tuple[str, str]:
    return stages[0].recipe.name, stages[0].recipe.codec


def _changed_keys(begun: Sequence[Stage], wanted: Sequence[Stage]) -> list[str]:
    """Return the keys in which two recipes of one kind differ, but for those that the command's options set."""
    if [(stage.name, stage.branches) for stage in begun] != [(stage.name, stage.branches) for stage in wanted]:
        return ["stage"]
    # A run without stages has its lengths as --epochs and --limit have changed them.
    by_options = {"seed"} if begun[0].name else {"seed", "steps", "steps_per_epoch", "warmup"}
    pairs = [(asdict(old.recipe), asdict(new.recipe)) for old, new in zip(begun, wanted, strict=True)]
    return sorted({key for old, new in pairs for key in old if old[key] != new[key]} - by_options)
