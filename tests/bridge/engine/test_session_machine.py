"""Random dialogues: whatever the player, the window, the models and the system do, no note is left sounding."""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bachbridge.engine.session import Session
from bachbridge.engine.tempo.transport import STOP_DELAY_NS
from bachbridge.midi import messages as midi
from bachbridge.music.notes import Note, Phrase
from bachbridge.protocol.effects import Ask, Effect
from bachbridge.protocol.events import (
    Answer,
    AnswerPhrase,
    AskRefused,
    Cadence,
    EndPhrase,
    Event,
    LinkState,
    Midi,
    ModelDown,
    ModelUp,
    Panic,
    Plan,
    PlayPhrase,
    PortsChanged,
    Quit,
    Reset,
    Setting,
    StartTransport,
    StopTransport,
    TapBeat,
    Tick,
)
from bachbridge.protocol.wire import dumps, loads
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, chorale_model, plan_sixths, silent_model

PITCHES = st.integers(48, 84)
CHANNELS = st.integers(0, 4)
STYLES = [
    ("voice", "bass"), ("voice", "soprano"), ("voice", "auto"), ("harmony", "b"), ("harmony", "satb"),
    ("chord_on", "beat"), ("chord_on", "note"), ("legato_ms", 0), ("legato_ms", 900), ("bpm", 0), ("bpm", 150),
    ("rest_bars", 1),
]  # fmt: skip
VOICING = [
    ("channels", "1,1,1,1"), ("channels", "1,2,3,4"), ("channels", "5,5,6,1"), ("octaves", "3,-3,0,0"),
    ("octaves", "0,0,0,0"), ("octaves", "0,0,0,-1"), ("levels", "100,85,85,95"), ("levels", "1,400,1,400"),
    ("harmony", "a"), ("harmony", "stb"), ("latency_ms", 500), ("latency_ms", -500), ("latency_ms", 0),
    ("follow_clock", True), ("follow_clock", False), ("panic_control", -1), ("panic_control", 83),
    ("model", "another"), ("model", ""), ("key", "F# minor"), ("meter", "3/4"), ("answer_bars", 2),
    ("phrase_end", "bars"), ("phrase_end", "silence"), ("phrase_end", "pedal"), ("common_tones", "strike"),
    ("answer", "harmonize"), ("answer", "vary"), ("answer", "continue"),
    ("start", "bar"), ("start", "downbeat"), ("start", "auto"), ("meter", "7/8"), ("foresee_end", False),
    ("answer", "dream"), ("answer", "dream"), ("instrument", "flute"), ("instrument", "none"), ("bpm", 90),
    ("metronome", "on"), ("metronome", "count-in"), ("metronome", "off"), ("metronome_channel", 1),
    ("click_note", 60), ("count_in_bars", 0), ("count_in_bars", 4),
]  # fmt: skip
"""Settings that may change the sounding notes or their times."""
NOTES = st.lists(
    st.builds(
        Note,
        st.integers(0, 20),
        st.integers(0, 12),
        st.integers(0, 127),
        st.integers(0, 127),
        st.integers(-1, 3),
        st.integers(-40, 40).map(lambda ms: ms * MS),
    ),
    max_size=6,
)
PHRASES = st.builds(
    lambda notes, steps: Phrase(tuple(sorted(notes, key=lambda note: note.start)), steps), NOTES, st.integers(1, 24)
)
STEPS_NS = st.sampled_from([MS, 50 * MS, 125 * MS, 750 * MS])


def untyped(value: object) -> Any:
    """Return a value without its type, as JSON from the pipe has none."""
    return value


INVALID_EVENTS = [
    *(
        AnswerPhrase(Phrase((Note(0, 4, 60),), 4), step_ns, 1, aloud)
        for step_ns in (0, -5, 10**15)
        for aloud in (True, False)
    ),
    *(
        PlayPhrase(Phrase((Note(*numbers),), 4), 100 * MS)
        for numbers in ((0, 4, 999), (0, 4, -1), (0, -4, 60), (-9, 4, 60))
    ),
    *(PlayPhrase(Phrase((Note(0, 4, 60, 80, voice),), 4), 100 * MS) for voice in (-2, 4)),
    *(AnswerPhrase(Phrase((Note(0, 4, 60),), steps), 100 * MS, 1, aloud=True) for steps in (0, -4, 10**9)),
    PlayPhrase(Phrase((Note(0, 4, untyped("sixty")),), 4), 100 * MS),
    PlayPhrase(Phrase((Note(0, 4, untyped(60.5)),), 4), 100 * MS),
    Setting(untyped(None), 1),
    Setting("channels", untyped(None)),
    Plan(0, 1, ((40, 300, 3, 2, 1, 15), (40, 1, 1, 1, 1, 0)), 0),
    Plan(1, 2, ((40,),), 0),
]
"""Events that the types or the music forbid, as a faulty program might send them."""
PANIC_CONTROL = Midi(midi.control_change(9, 83, 127))
ROWS = st.lists(st.tuples(*[st.integers(0, 46)] * 6), max_size=3)


def unruly_model(ask: Ask) -> Iterable[tuple[int, Answer]]:
    """A model with unisons, overlaps, notes out of order, a repeated note, an early end and no final answer."""
    n = ask.ask * 7
    first = Note(0, 3, 60, 70, 0, -20 * MS), Note(0, 5, 60, 70, 1, 9 * MS)
    second = Note(2, 9, 60, 70, 0), Note(0, 9, 60, 70, 1), Note(1, 0, 64, 60, 2)
    third = Note(9, 90, 60, 70, 0), Note(3, 1, 64, 60, 3)
    yield n % 900 * MS, Answer(ask.ask, first, 5, final=False)
    yield n % 300 * MS, Answer(ask.ask, second, 9, final=False)
    yield 4000 * MS, Answer(ask.ask, third, 99, final=False)


class Dialogue(RuleBasedStateMachine):
    """Rules for everything that a player, a user of the window, the models and the system can do."""

    @initialize(
        model=st.sampled_from([chorale_model, silent_model, unruly_model]),
        one_channel=st.booleans(),
        thru=st.booleans(),
        let_finish=st.booleans(),
        phrase_end=st.sampled_from(["silence", "pedal", "bars", "control"]),
        bpm=st.sampled_from([0.0, 60.0, 240.0]),
        mode=st.sampled_from(["continue", "harmonize"]),
        plan_ms=st.sampled_from([None, 3, 90, 700]),
    )
    def start(self, model, one_channel, thru, let_finish, phrase_end, bpm, mode, plan_ms) -> None:
        self.thru = thru
        """True if MIDI thru was ever on."""
        channels = (1, 1, 1, 1) if one_channel else (1, 2, 3, 4)
        self.settings = Settings(
            mode=mode,
            bpm=bpm,
            thru=thru,
            let_finish=let_finish,
            channels=channels,
            phrase_end=phrase_end,
            phrase_bars=1,
        )
        self.driver = Driver(
            self.settings,
            model,
            lambda request: None if plan_ms is None else plan_sixths(request, plan_ms * MS),
        )
        self.driver.feed(ModelUp("chorale-lstm", 1))

    def midi(self, data: bytes) -> None:
        self.driver.feed(Midi(data))

    @rule(channel=CHANNELS, pitch=PITCHES, velocity=st.integers(0, 127))
    def key_down(self, channel: int, pitch: int, velocity: int) -> None:
        self.midi(midi.note_on(channel, pitch, velocity))

    @rule(channel=CHANNELS, pitch=PITCHES)
    def key_up(self, channel: int, pitch: int) -> None:
        self.midi(midi.note_off(channel, pitch))

    @rule(pitches=st.lists(PITCHES, min_size=1, max_size=5), gap_ms=st.integers(60, 700))
    def tune(self, pitches: list[int], gap_ms: int) -> None:
        now_ns = self.driver.now_ns
        for index, pitch in enumerate(pitches):
            self.driver.play(now_ns + index * gap_ms * MS, pitch, gap_ms * MS - 10 * MS)
        self.driver.run(now_ns + len(pitches) * gap_ms * MS)

    @rule(channel=CHANNELS, down=st.booleans())
    def pedal(self, channel: int, down: bool) -> None:
        self.midi(midi.control_change(channel, 64, 127 if down else 0))

    @rule(data=st.binary(max_size=4))
    def bytes_of_any_kind(self, data: bytes) -> None:
        if len(data) != 3 or data[0] >> 4 not in (8, 9, 11):
            self.midi(data)

    @rule(ms=st.integers(1, 12_000))
    def time_passes(self, ms: int) -> None:
        self.driver.run(self.driver.now_ns + ms * MS)

    @rule(pitch=PITCHES)
    def play_into_the_answer(self, pitch: int) -> None:
        """Play a phrase and a key into its answer, which chance alone seldom does."""
        self.driver.play(self.driver.now_ns + MS, pitch, 300 * MS)
        self.driver.run(self.driver.now_ns + 400 * MS)
        self.driver.feed(EndPhrase())
        for _ in range(100):
            if self.driver.answering and self.driver.receiver.sounding:
                self.key_down(0, pitch, 80)
                return
            self.driver.run(self.driver.now_ns + 50 * MS)

    @rule()
    def end_phrase(self) -> None:
        self.driver.feed(EndPhrase())

    @rule(mode=st.sampled_from(["continue", "harmonize", "off", "nonsense"]))
    def mode(self, mode: str) -> None:
        self.driver.feed(Setting("mode", mode))

    @rule(name=st.sampled_from(["thru", "let_finish", "clock_out"]), value=st.booleans())
    def switch(self, name: str, value: bool) -> None:
        self.thru = self.thru or (name == "thru" and value)
        self.driver.feed(Setting(name, value))

    @rule(choice=st.sampled_from(STYLES))
    def style(self, choice: tuple[str, str | int]) -> None:
        self.driver.feed(Setting(*choice))

    @rule(controller=st.sampled_from([80, 81, 82, 123]))
    def command(self, controller: int) -> None:
        self.midi(midi.control_change(0, controller, 127))

    @rule(choice=st.sampled_from(VOICING))
    def voicing(self, choice: tuple[str, str | int | bool]) -> None:
        self.driver.feed(Setting(*choice))

    @rule(phrase=PHRASES, step_ns=STEPS_NS, seed=st.integers(-1, 3), aloud=st.booleans())
    def prompt(self, phrase: Phrase, step_ns: int, seed: int, *, aloud: bool) -> None:
        self.driver.feed(AnswerPhrase(phrase, step_ns, seed, aloud))

    @rule(phrase=PHRASES, step_ns=STEPS_NS)
    def play_back(self, phrase: Phrase, step_ns: int) -> None:
        self.driver.feed(PlayPhrase(phrase, step_ns))

    @rule()
    def cadence(self) -> None:
        self.driver.feed(Cadence())

    @rule(event=st.sampled_from([TapBeat(), StartTransport(), StopTransport()]))
    def transport(self, event: Event) -> None:
        self.driver.feed(event)

    @rule(
        first=st.sampled_from([b"", b"\xfa", b"\xfb", b"\xfc", b"\xf2\x20\x00", b"\xf2\x05\x7f"]),
        count=st.integers(0, 120),
        bpm=st.sampled_from([15, 60, 61, 180, 400]),
        while_playing=st.booleans(),
    )
    def clock(self, first: bytes, count: int, bpm: int, *, while_playing: bool) -> None:
        now_ns = self.driver.now_ns
        if first:
            self.midi(first)
        for n in range(count):
            self.driver.schedule(now_ns + n * 60_000 * MS // bpm // 24, Midi(b"\xf8"))
        if while_playing:
            self.tune([60, 64, 67], 300)

    @rule(
        late_ms=st.integers(-5000, 5000),
        step_ns=st.sampled_from([16 * MS, 125 * MS, 750 * MS]),
        is_playing=st.booleans(),
        peers=st.integers(0, 2),
    )
    def link(self, late_ms: int, step_ns: int, *, is_playing: bool, peers: int) -> None:
        self.driver.feed(LinkState(self.driver.now_ns - late_ms * MS, step_ns, is_playing, peers))

    @rule(ports=st.sampled_from([("in", "out"), ("", "out"), ("in", ""), ("", "")]))
    def ports_change(self, ports: tuple[str, str]) -> None:
        self.driver.feed(PortsChanged(*ports))
        assert all(ports) or not self.driver.receiver.sounding

    @rule(event=st.sampled_from(INVALID_EVENTS))
    def invalid_event(self, event: Event) -> None:
        self.feed_from_pipe(event)

    @rule(number=st.integers(0, 5), voice=st.sampled_from([-1, 4, 99]), pitch=st.sampled_from([-1, 60, 128]))
    def invalid_answer(self, number: int, voice: int, pitch: int) -> None:
        self.feed_from_pipe(Answer(number, (Note(0, 4, pitch, 70, voice),), 4, final=False))

    @rule(piece=st.integers(0, 3), step=st.integers(0, 40), rows=ROWS)
    def stray_plan(self, piece: int, step: int, rows: list[tuple[int, ...]]) -> None:
        self.feed_from_pipe(Plan(piece, step, tuple(rows), 0))

    def feed_from_pipe(self, event: Event) -> None:
        """Feed the event if it survives the pipe, whose reader drops invalid messages."""
        try:
            received = loads(dumps(event))
        except ValueError:
            return
        assert received == event
        self.driver.feed(event)

    @rule(up=st.booleans())
    def model_process(self, up: bool) -> None:
        self.driver.feed(ModelUp("chorale-lstm", 1) if up else ModelDown("killed"))

    @rule(number=st.integers(0, 5), start=st.integers(0, 40), length=st.integers(0, 40))
    def stray_answer(self, number: int, start: int, length: int) -> None:
        self.driver.feed(Answer(number, (Note(start, length, 62, 70, 2),), start + length, final=False))

    @rule(number=st.integers(0, 5), reason=st.sampled_from(["it cannot do that", "", 3]))
    def refusal(self, number: int, reason: str) -> None:
        self.feed_from_pipe(AskRefused(number, reason))

    @rule(stop=st.sampled_from([Panic(), Reset(), Quit("test"), Midi(b"\xfc"), PANIC_CONTROL]))
    def stop(self, stop: Panic | Reset | Quit | Midi) -> None:
        if stop == PANIC_CONTROL:
            self.driver.feed(Setting("panic_control", 83))
            self.midi(midi.control_change(9, 83, 0))  # a switch that is still down acts no second time
            self.driver.run(self.driver.now_ns + 60 * MS)  # nor one that bounces
        metronome = self.driver.session.settings.metronome
        self.driver.feed(Setting("metronome", "off"))  # with Link it goes on after the clock's Stop
        self.driver.feed(stop)
        if stop == Midi(b"\xfc"):
            self.driver.run(self.driver.now_ns + STOP_DELAY_NS)
        assert not self.driver.receiver.sounding
        assert not self.driver.receiver.pedals
        self.driver.feed(Setting("metronome", metronome))

    @invariant()
    def the_deadline_is_ahead(self) -> None:
        if hasattr(self, "driver"):
            deadline = self.driver.session.deadline
            assert deadline is None or deadline > self.driver.now_ns - MS

    @invariant()
    def an_answer_that_is_over_is_silent(self) -> None:
        harmonizes = hasattr(self, "driver") and self.driver.session.settings.mode == "harmonize"
        if hasattr(self, "driver") and not self.thru and not harmonizes and not self.driver.answering:
            # Playback may sound beside or after it, as long as its end is scheduled.
            assert self.driver.session.deadline is not None or not self.driver.receiver.sounding

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.release_all()
            self.driver.feed(Setting("metronome", "off"))
            self.driver.feed(Setting("answer", "continue"))  # a dream would never end
            for _ in range(10):  # an answer at Link's slowest tempo takes minutes
                self.driver.run(self.driver.now_ns + 100_000 * MS)
                if not self.driver.receiver.sounding:
                    break
            assert not self.driver.receiver.sounding
            self.driver.feed(Quit("the end"))
            assert not self.driver.receiver.pedals
            self.check_replay()

    def release_all(self) -> None:
        pitches = {pitch for _, pitch in self.driver.receiver.sounding}
        for channel in range(5):
            self.midi(midi.control_change(channel, midi.SUSTAIN, 0))
            for pitch in pitches:
                self.midi(midi.note_off(channel, pitch))
            self.midi(midi.control_change(channel, midi.ALL_NOTES_OFF, 0))

    def check_replay(self) -> None:
        """Check that the logged events give the logged effects again."""
        session = Session(self.settings)
        effects: list[Effect] = []
        for time_ns, way, message in self.driver.log:
            again = message if message == Tick() else loads(dumps(message))
            if way == "in":
                assert not effects
                effects = session.feed(time_ns, again)  # pyright: ignore[reportArgumentType] # the log keeps both
            else:
                assert effects.pop(0) == message == again
        assert not effects


MAX_EXAMPLES = 1500
"""Number of dialogues that fit into the five minutes that a test may take."""
Dialogue.TestCase.settings = hypothesis_settings(
    stateful_step_count=40, max_examples=min(MAX_EXAMPLES, hypothesis_settings().max_examples)
)
TestDialogue = Dialogue.TestCase
