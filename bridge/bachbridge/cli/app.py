"""The command line: what `bachbridge` and its sub-commands take. What they do is in the modules beside this one.

Nothing heavy is imported before a command asks for it, so that `bachbridge --help` answers at once. `main` turns what
goes wrong into one sentence: errors of ours carry it, a missing extra is named with the line that installs it.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbridge import __version__
from bachbridge.cli.options import given, luck, program, with_settings
from bachbridge.config import Settings, load, recover, settings_path
from bachbridge.errors import BachBridgeError, ConfigError

EXTRAS = {
    "PyQt6": "gui",
    **dict.fromkeys(("resvg_py", "verovio"), "score"),
    **dict.fromkeys(("keras", "matplotlib", "music21", "onnx", "tensorflow", "tf2onnx"), "train"),
}
"""Top-level modules that an extra brings, by the extra's name."""

DEFAULTS = Settings()
INFILLING = "coconet"
"""The model of the commands that only an infilling one can do."""
TUNEFUL = "abc"
"""The model that writes tunes from nothing."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Model = Annotated[str, typer.Option("--model", metavar="NAME", help="`bachbridge models` lists them.")]
Temperature = Annotated[float, typer.Option("--temperature", metavar="T", help="How daring, 0.1 to 2.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="The same seed, the same notes; -1 for a new one.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The MIDI file to write.")]
Music = Annotated[
    Path, typer.Option("-o", "--output", metavar="OUT.mid", help="The file to write: .mid, or .abc for a tune in ABC.")
]
Quartet = Annotated[Path, typer.Argument(metavar="IN.mid", help="A MIDI file in four voices.")]
Fast = Annotated[bool, typer.Option("--fast", help="Draw with an eighth of the passes (coconet).")]
Rules = Annotated[
    str, typer.Option(metavar="RULES", help="The rules of voice-leading that hold: all, none or names by commas.")
]
Report = Annotated[bool, typer.Option("--report", help="Print musical measures of the result.")]
Score = Annotated[Path | None, typer.Option(metavar="OUT", help="Write the staves as .musicxml, .svg or .png.")]
Instrument = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="The General MIDI instrument of the new voices.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback(invoke_without_command=True)
@with_settings
def bachbridge(
    context: typer.Context,
    *,
    input_name: Annotated[str | None, typer.Option("--in", metavar="NAME", help="The port to listen to.")] = None,
    output_name: Annotated[str | None, typer.Option("--out", metavar="NAME", help="The port to play to.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Open no window.")] = False,
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Write all events to this file.")] = None,
    version: Annotated[bool, typer.Option("-V", "--version", help="Print the version.")] = False,
    **values: Any,
) -> None:
    """Answers what you play, in the manner of Bach, live over MIDI.

    Without a command it starts: it listens to the port whose name contains the NAME of --in and plays to that of --out;
    without them it opens ports of its own, "BachBridge In" and "BachBridge Out". Settings come from the file of
    settings, then from the options.
    """
    if version:
        typer.echo(f"bachbridge {__version__}")
    elif context.invoked_subcommand is None:
        found, complaint = (load(settings_path()), "") if headless else recover(settings_path())
        settings = given(found, values)
        if complaint:
            print(f"bachbridge: {complaint}", file=sys.stderr)
        _play(settings, complaint, input_name=input_name, output_name=output_name, headless=headless, log=log)


def _play(
    settings: Settings,
    complaint: str,
    *,
    input_name: str | None,
    output_name: str | None,
    headless: bool,
    log: Path | None,
) -> None:
    if not headless:
        from bachbridge.cli.window import show

        code = show(settings, input_name=input_name, output_name=output_name, log=log, complaint=complaint)
        if code is not None:
            sys.exit(code)
    from bachbridge.cli.live import play

    play(settings, input_name=input_name, output_name=output_name, log=log)


@app.command("start", hidden=True)
def start() -> None:
    """What `make run` does: the app where there are a display and MIDI, otherwise the demo."""
    from bachbridge.cli.start import start as start_here

    start_here()


@app.command("ports")
def ports() -> None:
    """List the MIDI ports of this machine."""
    from bachbridge.cli.ports import list_ports

    list_ports()


@app.command("models")
def models() -> None:
    """List the models that can answer."""
    from bachbridge.cli.models import list_models

    list_models()


@app.command("continue")
def continue_(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file, or tune in ABC, to go on from.")],
    target: Music,
    *,
    bars: Annotated[int | None, typer.Option(help="Bars to add; without it as many as there are.", min=1)] = None,
    temperature: Temperature = DEFAULTS.temperature,
    seed: Seed = 0,
    model: Model = DEFAULTS.model,
    instrument: Instrument = None,
) -> None:
    """Continue a MIDI file, or a tune in ABC (.abc), and write the result to another of either kind."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model})
    sound = program(instrument, target)
    from bachbridge.cli.continue_ import continue_file

    continue_file(source, target, bars=bars, temperature=temperature, seed=luck(seed), model=model, program=sound)


@app.command("dream")
def dream(
    target: Music,
    *,
    minutes: Annotated[float, typer.Option(metavar="M", help="How long the dream is.")] = 5.0,
    phrase: Annotated[
        Path | None,
        typer.Option(metavar="IN.mid", help="What it begins with, MIDI or ABC; without it a bundled phrase."),
    ] = None,
    bpm: Annotated[float, typer.Option(metavar="BPM", help="The tempo; 0 for the phrase's.")] = 0.0,
    temperature: Temperature = DEFAULTS.temperature,
    seed: Seed = 0,
    model: Model = DEFAULTS.model,
    instrument: Instrument = None,
) -> None:
    """Dream on from a phrase, each part going on from the one before, and write it as MIDI or ABC."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    sound = program(instrument, target)
    from bachbridge.cli.dreaming import Wish, dream_file

    dream_file(target, Wish(model, minutes, temperature, luck(seed), sound, bpm, phrase))


@app.command("tune")
def tune(
    target: Music,
    *,
    tunes: Annotated[int, typer.Option(metavar="N", help="How many tunes; they stand in one file.")] = 1,
    key: Annotated[
        str, typer.Option(metavar="KEY", help="D, F#m, Ador and so on; without it the model's choice.")
    ] = "",
    meter: Annotated[
        str, typer.Option(metavar="METER", help="6/8, 4/4 and so on; without it the model's choice.")
    ] = "",
    bpm: Annotated[float, typer.Option(metavar="BPM", help="The tempo; 0 for 120.")] = 0.0,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="How daring, 0.1 to 2; without it the model's own.")
    ] = None,
    seed: Seed = 0,
    model: Model = TUNEFUL,
    instrument: Instrument = None,
) -> None:
    """Write new tunes, whole ones with repeats and an end, from nothing: as ABC, or as MIDI with the repeats played."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model, "bpm": bpm})
    sound = program(instrument, target)
    from bachbridge.cli.newtune import Wish, write_tunes

    write_tunes(target, Wish(model, tunes, temperature, luck(seed), key, meter, bpm, sound))


@app.command("harmonize")
def harmonize(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file with the melody.")],
    target: Output,
    *,
    model: Model = DEFAULTS.model,
    seed: Seed = 0,
    temperature: Temperature = DEFAULTS.temperature,
    voice: Annotated[
        str, typer.Option(metavar="VOICE", help="What the melody is: soprano, alto, tenor or bass.")
    ] = "soprano",
    track: Annotated[
        str | None, typer.Option(metavar="TRACK", help="The melody's track, by name or by number from 1.")
    ] = None,
    keep_bars: Annotated[
        str | None,
        typer.Option(metavar="3-6", help="Bars of a file in four voices whose other voices stay (coconet)."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(metavar="K", help="How many harmonies are followed at once (chorale-lstm) [default: 8]."),
    ] = None,
    lag: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many 16ths later a chord is decided (chorale-lstm) [default: 16]."),
    ] = None,
    fast: Fast = False,
    rules: Rules = "all",
    report: Report = False,
    score: Score = None,
    instrument: Instrument = None,
) -> None:
    """Add three voices to the melody of a MIDI file, which stays as it is."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.harmonize import harmonize_file, wish_of
    from bachbridge.cli.infilling import way_of
    from bachbridge.cli.redraw import Outputs

    sound = program(instrument)
    way = way_of(model, rules=rules, temperature=temperature, seed=luck(seed), fast=fast)
    wish = wish_of(way, voice=voice, track=track, beam=beam, lag=lag, keep=keep_bars, program=sound)
    harmonize_file(source, wish, Outputs(target, score, report))


@app.command("mend")
def mend(
    source: Quartet,
    target: Output,
    *,
    bars: Annotated[
        str | None, typer.Option(metavar="3-6", help="The bars to draw anew: 3-6 or 1-2,7; a pick-up is 0.")
    ] = None,
    voices: Annotated[
        str | None, typer.Option(metavar="VOICES", help="The voices to draw anew, by commas; without it all.")
    ] = None,
    model: Model = INFILLING,
    seed: Seed = 0,
    temperature: Temperature = DEFAULTS.temperature,
    fast: Fast = False,
    rules: Rules = "all",
    report: Report = False,
    score: Score = None,
) -> None:
    """Draw some bars or voices of a piece in four voices anew; all else stays as it is."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.infilling import way_of
    from bachbridge.cli.mend import mend_file
    from bachbridge.cli.redraw import Outputs

    way = way_of(model, rules=rules, temperature=temperature, seed=luck(seed), fast=fast)
    mend_file(source, Outputs(target, score, report), way, bars=bars, voices=voices)


@app.command("vary")
def vary(
    source: Quartet,
    target: Output,
    *,
    share: Annotated[float, typer.Option(metavar="S", help="The share of the notes to draw anew, 0 to 1.")] = 0.4,
    model: Model = INFILLING,
    seed: Seed = 0,
    temperature: Temperature = DEFAULTS.temperature,
    fast: Fast = False,
    rules: Rules = "all",
    report: Report = False,
    score: Score = None,
) -> None:
    """Draw some notes of a piece in four voices anew, chosen by the seed; the others stay as they are."""
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.infilling import way_of
    from bachbridge.cli.redraw import Outputs
    from bachbridge.cli.vary import vary_file

    way = way_of(model, rules=rules, temperature=temperature, seed=luck(seed), fast=fast)
    vary_file(source, Outputs(target, score, report), way, share=share)


@app.command("text")
def text(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A MIDI file, a text that this command or you have written, or a tune.")
    ],
    target: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The text, tune or MIDI file to write; without it, print the text."
        ),
    ] = None,
    *,
    grid: Annotated[int, typer.Option(metavar="N", help="The steps to a quarter note, 1 to 24.")] = 4,
    bpm: Annotated[
        float | None,
        typer.Option(metavar="BPM", help="The tempo of the MIDI file that is written; else the tune's, or 120."),
    ] = None,
) -> None:
    """Write a MIDI file as text, a character for each piano key that is down, or such a text as a MIDI file.

    A name that ends in .abc is a tune in ABC notation: it can be written from MIDI, and becomes MIDI or such a text.
    """
    from bachbridge.cli.text import convert

    convert(source, target, grid=grid, bpm=bpm)


@app.command("roll")
def roll(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The MIDI file to draw.")],
    target: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.png", help="The picture to write.")],
    *,
    title: Annotated[str, typer.Option(metavar="WORDS", help="What stands above it; without it the file's name.")] = "",
) -> None:
    """Draw a MIDI file as a piano roll."""
    from bachbridge.cli.roll import roll_file

    roll_file(source, target, title=title)


@app.command("demo")
def demo(
    directory: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write to.")] = Path(),
    *,
    model: Model = DEFAULTS.model,
    temperature: Temperature = DEFAULTS.temperature,
    seed: Seed = 0,
) -> None:
    """Let a bundled phrase be answered live; write it as demo.mid.

    Beside it demo.wav is the sound and demo.png the picture. No DAW, display or sound card is needed.
    """
    given(DEFAULTS, {"temperature": temperature, "seed": seed, "model": model})
    from bachbridge.cli.demo import demo as play_demo

    play_demo(directory, model=model, temperature=temperature, seed=seed)


@app.command("replay")
def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A file that --log wrote.")],
    *,
    midi: Annotated[Path | None, typer.Option("--midi", metavar="OUT.mid", help="Write what was played here.")] = None,
) -> None:
    """Run a recorded session again, without ports or model."""
    from bachbridge.cli.replay import replay as replay_log

    replay_log(log, midi=midi)


@app.command("bench")
def bench(
    *,
    notes: Annotated[int, typer.Option(min=1, metavar="N", help="How many notes to send.")] = 2000,
    chords: Annotated[int, typer.Option(min=1, metavar="N", help="How many notes to harmonise.")] = 300,
    gui: Annotated[bool, typer.Option("--gui", help="Measure the window instead, and what it does to timing.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="Measure a step of each model instead.")] = False,
    json: Json = False,
) -> None:
    """Measure latencies over real ports, acting as the DAW."""
    if steps:
        from bachbridge.cli.stepbench import bench_steps

        bench_steps(json=json)
        return
    from bachbridge.cli.bench import bench as measure
    from bachbridge.cli.bench import bench_window

    if gui:
        bench_window(json=json)
    else:
        measure(json=json, notes=notes, chords=chords)


@app.command("train")
def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, such as chorale-lstm.")],
    *,
    epochs: Annotated[int | None, typer.Option(min=1, help="Fewer or more epochs than the recipe's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use that many pieces only, for a quick run.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed than the recipe's.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the run goes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that folder.")] = False,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Begin with the best weights of that run.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Music of your own: MIDI, MusicXML or ABC files.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop early, after N epochs without a better score.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report what that music is, and do not train.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print that report as JSON, too.")] = False,
) -> None:
    """Train a model from its recipe."""
    from bachbridge.cli.train import train as train_model

    settled: dict[str, Any] = {"epochs": epochs, "limit": limit, "seed": seed, "output": output, "resume": resume}
    train_model(recipe, **settled, start=start, data=data, patience=patience, check=check, json=json)


@app.command("evaluate")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="`bachbridge models` lists them.")],
    *,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Other music: a MIDI or JSON file, or a folder.")
    ] = None,
    part: Annotated[str, typer.Option(metavar="PART", help="train, valid or test.")] = "valid",
    outputs: Annotated[
        int, typer.Option(metavar="N", min=0, help="Harmonies to make and measure by each way; 0: none.")
    ] = 256,
    pieces: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Score only the first pieces, for a quick look.")
    ] = None,
    told: Annotated[bool, typer.Option(help="Score also with attacks and bar lines told.")] = True,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Processes for a model that fills in.")] = 1,
    json: Json = False,
) -> None:
    """Score a model on pieces that it was not trained on."""
    from bachbridge.cli.evaluate import evaluate as score

    score(model, data=data, part=part, json=json, outputs=outputs, pieces=pieces, told=told, jobs=jobs)


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model; of a run, the name that it gets.")],
    *,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The training run to export; without, an installed model.")
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="onnx, onnx-int8, onnx-fp16, litert, litert-int8 or litert-int8-fixed.",
        ),
    ] = "onnx",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the model goes.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the model's own music is now, if it was moved.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Write no model: print what each format costs and what it keeps.")
    ] = False,
    pieces: Annotated[int, typer.Option(min=1, help="So many held-out pieces are read for the table.")] = 8,
    json: Annotated[bool, typer.Option("--json", help="The table as JSON.")] = False,
) -> None:
    """Turn a training run into a model that plays, or a model into one for a small device."""
    from bachbridge.cli import export as exporting

    if table:
        exporting.table(model, run=run, data=data, pieces=pieces, json=json)
    else:
        exporting.export(model, run=run, output=output, data=data, format_=format_)


def child(role: str) -> None:
    """Runs one of our own processes: a frozen program has no `python -m`, it starts itself with `--child ROLE`."""
    from importlib import import_module

    from bachbridge.link import ROLES

    if role not in ROLES:
        raise ConfigError(f'There is no child process "{role}": there are {", ".join(ROLES)}.')
    sys.exit(import_module(ROLES[role]).main())


def _fail(sentence: str) -> None:
    """Says what went wrong on one line and leaves with exit code 1."""
    print(f"bachbridge: {' '.join(sentence.split()).rstrip('.')}.", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """The console script."""
    try:
        if sys.argv[1:2] == ["--child"]:
            child(" ".join(sys.argv[2:]))
        else:
            app(prog_name="bachbridge")
    except BachBridgeError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _fail(f'This command needs the package {error.name}: pip install "bachbridge[{extra}]".')


if __name__ == "__main__":
    main()
