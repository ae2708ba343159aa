"""The words of the hearing strip, from the reports of a real session, and the strip itself."""

from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import CadenceReached, ChordPlanned, SoundingHarmony
from bachbridge.protocol.notices import EngineEnded, Received
from bachbridge.settings import Settings
from bachbridge_gui.hearing.hearing import Hearing, left_hand_text
from bachbridge_gui.hearing.strip import HearingStrip, StripFacts
from bachbridge_gui.state.exchanges import ExchangeClose
from bachbridge_gui.widgets.theme import build_palette
from tests.support.virtual_driver import MS, Driver, S

SETTINGS = Settings(mode="off", bpm=100.0)
BEAT_NS = 600 * MS
CHORALE = (
    (43, 58, 62, 67), (42, 57, 62, 69), (43, 55, 62, 70), (48, 55, 63, 72), (50, 55, 62, 70), (38, 54, 60, 69),
    (43, 55, 58, 67),
)  # fmt: skip


def hearing_after(beats: int) -> tuple[Hearing, int]:
    driver = Driver(SETTINGS)
    for beat, pitches in enumerate(CHORALE):
        for pitch in pitches:
            driver.play(S + beat * BEAT_NS, pitch, (4 if beat == 6 else 1) * BEAT_NS - 20 * MS)
    now_ns = S + beats * BEAT_NS - 100 * MS
    driver.run(now_ns)
    hearing = Hearing()
    for _, _, message in driver.log:
        hearing = hearing.after(message)
    return hearing, now_ns


def test_hearing_names_chords_of_minor_phrase() -> None:
    chords = []
    for beats in range(1, 8):
        hearing, now_ns = hearing_after(beats)
        chords.append(hearing.texts(now_ns, SETTINGS).chord)
    assert chords == ["Gm", "D/F#", "Gm", "Cm", "Gm/D", "D7", "Gm"]


def test_hearing_says_key_and_cadence_at_the_end() -> None:
    hearing, now_ns = hearing_after(9)
    texts = hearing.texts(now_ns, SETTINGS)
    assert (texts.key, texts.numeral, texts.cadence) == ("G minor", "i", "authentic cadence in G minor")
    assert texts.certainty in ("sure", "likely")
    assert "G minor" in texts.spoken
    assert hearing.texts(now_ns + 20 * S, SETTINGS).cadence == ""


def test_hearing_says_nothing_without_reports() -> None:
    texts = hearing_after(9)[0].after(EngineEnded("")).texts(S, SETTINGS)
    assert (texts.key, texts.certainty, texts.chord, texts.cadence, texts.line) == ("", "", "", "", "")


def test_hearing_calls_a_chosen_key_set() -> None:
    hearing = Hearing(SoundingHarmony(0, "Bb", "IV", 5, 1.0), CadenceReached(0, "half", -1))
    texts = hearing.texts(S, Settings(key="F major"))
    assert (texts.certainty, texts.line, texts.cadence) == ("set", "F major · Bb IV", "")


def test_hearing_shows_the_written_key_once_all_is_silent() -> None:
    live = SoundingHarmony(0, "", "", 5, 0.9)
    hearing = Hearing(live).after_exchange(ExchangeClose(19, 0.6))
    assert (hearing.texts(S, SETTINGS).key, hearing.texts(S, SETTINGS).certainty) == ("G minor", "likely")
    assert hearing.after(SoundingHarmony(S, "F", "I", 5, 0.9)).texts(S, SETTINGS).key == "F major"
    assert hearing.after(Received(midi.note_on(0, 60, 80), S)).texts(S, SETTINGS).key == "F major"
    assert hearing.after(Received(midi.note_off(0, 60), S)).texts(S, SETTINGS).key == "G minor"


def test_left_hand_text_follows_the_mode() -> None:
    obeyed = Settings(hands="split", left_hand="obey", mode="harmonize")
    assert left_hand_text(obeyed) == "left hand leads the harmony"
    assert left_hand_text(Settings(hands="split", left_hand="obey")) == "left hand is part of the phrase"
    assert left_hand_text(Settings()) == ""


def test_strip_shows_and_speaks_what_sounds(qtbot: QtBot) -> None:
    strip = HearingStrip()
    qtbot.addWidget(strip)
    strip.setPalette(build_palette(dark=True))
    hearing, now_ns = hearing_after(6)
    strip.show_texts(hearing.texts(now_ns, SETTINGS), StripFacts("100 bpm", "set"))
    assert (strip.chord_label.text(), strip.numeral_label.text()) == ("D7", "V7")
    assert "D7 V7" in strip.accessibleDescription()
    assert "100 bpm" in strip.accessibleDescription()


def test_strip_leaves_out_what_has_no_room(qtbot: QtBot) -> None:
    strip = HearingStrip()
    qtbot.addWidget(strip)
    hearing, now_ns = hearing_after(6)
    facts = StripFacts("100 bpm", "from your playing", "temperature 0.90", "Chorale", "Trade fours")
    strip.show()
    for on in (False, True):
        strip.show_compact(on=on)
        counts: list[int] = []
        for width in (1400, 700, 400, 250, 120):
            strip.resize(width, strip.sizeHint().height())
            strip.show_texts(hearing.texts(now_ns, SETTINGS), facts)
            layout = strip.layout()
            assert layout
            layout.activate()
            shown = [label for label in strip.findChildren(QLabel) if label.isVisible()]
            assert sum(label.width() for label in shown) <= width
            assert all(label.width() >= label.sizeHint().width() for label in shown)
            assert strip.chord_label in shown
            counts.append(len(shown))
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[-1]


def test_hearing_says_the_next_chord() -> None:
    texts = Hearing(planned=ChordPlanned(S, "D7", "V7", 19)).texts(0, SETTINGS)
    assert (texts.next_chord, "next D7 V7" in texts.spoken) == ("D7 V7", True)
