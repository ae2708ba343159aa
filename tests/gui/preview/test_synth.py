"""The preview's synthesizer, without a device."""

import numpy as np
import pytest

from bachbridge.files import wav
from bachbridge.files.wav import HARPSICHORD, ORGAN, RATE_HZ
from bachbridge.midi import messages as midi
from bachbridge_gui.preview.synth import MAX_VOICES, StereoSamples, Synth, soft_limit
from bachbridge_gui.preview.tone_cache import cached_tone

BLOCK = 441
CHORD = (43, 59, 62, 67)


def played(synth: Synth, seconds: float) -> StereoSamples:
    """What sounds, asked for in blocks as a device does."""
    return np.concatenate([synth.render(BLOCK) for _ in range(round(seconds * RATE_HZ / BLOCK))])


def on(synth: Synth, *pitches: int, player: bool = False, channel: int = 0, velocity: int = 100) -> None:
    for pitch in pitches:
        synth.handle_midi(midi.note_on(channel, pitch, velocity), player)


def off(synth: Synth, *pitches: int, player: bool = False, channel: int = 0) -> None:
    for pitch in pitches:
        synth.handle_midi(midi.note_off(channel, pitch), player)


def loudness(samples: StereoSamples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def steepest(samples: StereoSamples) -> float:
    """The greatest leap from one sample to the next."""
    return float(np.abs(np.diff(samples, axis=0)).max())


@pytest.mark.parametrize("player", [True, False])
@pytest.mark.parametrize("pitch", [36, 57, 60, 81])
def test_a_note_has_its_pitch(pitch: int, player: bool):
    synth = Synth()
    on(synth, pitch, player=player)
    samples = played(synth, 1.0).sum(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    for n in (1, 2, 3):
        near = np.abs(hz - n * wav.pitch_hz(pitch)) < 12
        assert abs(hz[near][spectrum[near].argmax()] - n * wav.pitch_hz(pitch)) < 1.1
        assert spectrum[near].max() > 0.02 * spectrum.max()


def test_the_organ_sounds_on_and_the_harpsichord_dies_away():
    kept: dict[bool, float] = {}
    for player in (True, False):
        synth = Synth()
        on(synth, 60, player=player)
        samples = played(synth, 3.0)
        kept[player] = loudness(samples[-RATE_HZ // 2 :]) / loudness(samples[: RATE_HZ // 2])
    assert kept[True] < 0.3
    assert kept[False] > 0.95


@pytest.mark.parametrize("player", [True, False])
def test_a_note_ends_when_it_is_let_go(player: bool):
    synth = Synth()
    on(synth, 60, player=player)
    assert loudness(played(synth, 0.3)) > 0.02
    off(synth, 60, player=player)
    played(synth, 0.15)
    assert synth.sounding_count == 0
    assert not played(synth, 0.1).any()


def test_a_string_that_is_never_let_go_falls_silent_by_itself():
    synth = Synth()
    on(synth, 60, player=True)
    played(synth, 4.1)
    assert synth.sounding_count == 0


def test_the_player_and_the_answer_do_not_end_each_others_notes():
    synth = Synth()
    on(synth, 60, player=True)
    on(synth, 60, channel=0)
    on(synth, 60, channel=1)
    off(synth, 60, channel=0)
    played(synth, 0.3)
    assert synth.sounding_count == 2


def test_panic_silences_everything_at_once():
    synth = Synth()
    on(synth, *range(48, 64))
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 127), from_player=True)
    played(synth, 0.1)
    synth.panic()
    played(synth, 0.02)
    assert synth.sounding_count == 0
    on(synth, 60, player=True)
    off(synth, 60, player=True)
    played(synth, 0.2)
    assert synth.sounding_count == 0  # the pedal is forgotten too


def test_all_notes_off_is_for_its_channel():
    synth = Synth()
    on(synth, 60, channel=0)
    on(synth, 64, channel=1)
    synth.handle_midi(midi.control_change(1, midi.ALL_NOTES_OFF, 0), from_player=False)
    played(synth, 0.1)
    assert synth.sounding_count == 1


def test_the_pedal_holds_the_players_notes():
    synth = Synth()
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 127), from_player=True)
    on(synth, 60, 64, player=True)
    off(synth, 60, player=True)
    played(synth, 0.3)
    assert synth.sounding_count == 2
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 0), from_player=True)
    played(synth, 0.3)
    assert synth.sounding_count == 1


def test_ordinary_chords_stay_clear_of_the_limit_and_nothing_ever_clips():
    synth = Synth()
    on(synth, *CHORD)
    on(synth, *(pitch + 12 for pitch in CHORD))
    assert np.abs(played(synth, 1.0)).max() < 0.7
    on(synth, *(pitch + 7 for pitch in CHORD), velocity=127)
    on(synth, *(pitch + 5 for pitch in CHORD), player=True, velocity=127)
    assert 0.3 < np.abs(played(synth, 1.0)).max() < 1


def test_the_limit_bends_smoothly():
    line = np.linspace(-4, 4, 8001, dtype=np.float32)[:, None]
    bent = soft_limit(line)
    assert np.abs(bent).max() <= 1
    assert (np.diff(bent, axis=0) >= 0).all()
    assert steepest(bent) < 0.0011
    assert (bent[np.abs(line) < 0.69] == line[np.abs(line) < 0.69]).all()


@pytest.mark.parametrize("end", ["off", "panic", "restrike", "steal", "early"])
@pytest.mark.parametrize("player", [True, False])
def test_nothing_clicks(player: bool, end: str):
    """A wave that is broken off leaps by its height; what swells leaps no more than the sound itself does."""
    steady = Synth()
    on(steady, 48, player=player)
    slope = steepest(played(steady, 1.0))
    synth = Synth()
    on(synth, 48, player=player)
    parts = [played(synth, 0.01 if end == "early" else 0.35)]
    match end:
        case "panic":
            synth.panic()
        case "restrike":
            on(synth, 48, player=player, velocity=1)
        case "steal":
            on(synth, *range(24, 24 + MAX_VOICES), player=player, velocity=1, channel=1)
            synth.handle_midi(midi.control_change(1, midi.ALL_SOUND_OFF, 0), player)
        case _:
            off(synth, 48, player=player)
    parts.append(played(synth, 0.3))
    assert steepest(np.concatenate(parts)) < slope * 1.5


def test_more_notes_than_voices_take_the_oldest_ones_place():
    synth = Synth()
    on(synth, 40)
    played(synth, 0.1)
    on(synth, *range(41, 41 + MAX_VOICES))
    played(synth, 0.1)
    assert synth.sounding_count == MAX_VOICES
    off(synth, 40)
    played(synth, 0.2)
    assert synth.sounding_count == MAX_VOICES


def test_a_flood_of_notes_between_two_blocks_is_bounded():
    synth = Synth()
    on(synth, *range(20, 120))
    on(synth, *range(20, 120), channel=1)
    assert synth.sounding_count <= MAX_VOICES


def test_a_note_that_was_let_go_gives_way_first():
    synth = Synth()
    on(synth, *range(40, 40 + MAX_VOICES))
    off(synth, 50)
    on(synth, 100)
    played(synth, 0.3)
    assert synth.sounding_count == MAX_VOICES
    off(synth, 40)
    played(synth, 0.3)
    assert synth.sounding_count == MAX_VOICES - 1  # 40 still sounded until now


def test_the_volume_moves_without_a_leap():
    synth = Synth()
    on(synth, 48)
    before = played(synth, 0.3)
    synth.set_volume(0.0)
    after = played(synth, 0.3)
    assert not after[BLOCK:].any()
    assert steepest(np.concatenate([before, after])) < steepest(before) * 1.5


def test_tones_are_made_once_and_a_loop_has_no_seam():
    assert cached_tone(ORGAN, 60) is cached_tone(ORGAN, 60)
    for pitch in range(24, 100):
        loop = cached_tone(ORGAN, pitch)
        twice = loop.samples_from(0, 2 * len(loop.samples))
        assert steepest(twice) == steepest(loop.samples)
    assert not cached_tone(HARPSICHORD, 60).loops


def test_messages_that_mean_nothing_do_nothing():
    synth = Synth()
    for data in (b"", b"\xf8", b"\x90", b"\xe0\x00\x40", bytes((0x90, 200, 1))):
        synth.handle_midi(data, from_player=True)
    assert not played(synth, 0.05).any()
