"""The preview's synthesizer, without a device."""

import numpy as np
import pytest

from bachbridge.files.sound.instruments import HARPSICHORD, INSTRUMENTS, ORGAN, RATE_HZ, pitch_hz
from bachbridge.files.sound.tones import cached_tone
from bachbridge.midi import messages as midi
from bachbridge_gui.preview.synth import MAX_VOICES, StereoSamples, Synth, soft_limit

BLOCK = 441
CHORD = (43, 59, 62, 67)


def render_seconds(synth: Synth, seconds: float) -> StereoSamples:
    """Render in blocks, as a device does."""
    return np.concatenate([synth.render(BLOCK) for _ in range(round(seconds * RATE_HZ / BLOCK))])


def on(synth: Synth, *pitches: int, player: bool = False, channel: int = 0, velocity: int = 100) -> None:
    for pitch in pitches:
        synth.handle_midi(midi.note_on(channel, pitch, velocity), player)


def off(synth: Synth, *pitches: int, player: bool = False, channel: int = 0) -> None:
    for pitch in pitches:
        synth.handle_midi(midi.note_off(channel, pitch), player)


def loudness(samples: StereoSamples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def largest_jump(samples: StereoSamples) -> float:
    """Return the largest jump from one sample to the next."""
    return float(np.abs(np.diff(samples, axis=0)).max())


@pytest.mark.parametrize("player", [True, False])
@pytest.mark.parametrize("pitch", [36, 57, 60, 81])
def test_synth_note_has_its_pitch(pitch: int, player: bool):
    synth = Synth()
    on(synth, pitch, player=player)
    samples = render_seconds(synth, 1.0).sum(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    for n in (1, 2, 3):
        near = np.abs(hz - n * pitch_hz(pitch)) < 12
        assert abs(hz[near][spectrum[near].argmax()] - n * pitch_hz(pitch)) < 1.1
        assert spectrum[near].max() > 0.02 * spectrum.max()


def test_synth_organ_sustains_and_harpsichord_decays():
    kept: dict[bool, float] = {}
    for player in (True, False):
        synth = Synth()
        on(synth, 60, player=player)
        samples = render_seconds(synth, 3.0)
        kept[player] = loudness(samples[-RATE_HZ // 2 :]) / loudness(samples[: RATE_HZ // 2])
    assert kept[True] < 0.3
    assert kept[False] > 0.95


@pytest.mark.parametrize("player", [True, False])
def test_synth_note_ends_on_release(player: bool):
    synth = Synth()
    on(synth, 60, player=player)
    assert loudness(render_seconds(synth, 0.3)) > 0.02
    off(synth, 60, player=player)
    render_seconds(synth, 0.15)
    assert synth.sounding_count == 0
    assert loudness(render_seconds(synth, 0.1)) < 0.01  # the room
    render_seconds(synth, 1.0)
    assert not render_seconds(synth, 0.1).any()


def test_synth_string_decays_without_release():
    synth = Synth()
    on(synth, 60, player=True)
    render_seconds(synth, 4.1)
    assert synth.sounding_count == 0


def test_synth_keeps_player_and_answer_notes_apart():
    synth = Synth()
    on(synth, 60, player=True)
    on(synth, 60, channel=0)
    on(synth, 60, channel=1)
    off(synth, 60, channel=0)
    render_seconds(synth, 0.3)
    assert synth.sounding_count == 2


def test_synth_panic_silences_everything():
    synth = Synth()
    on(synth, *range(48, 64))
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 127), from_player=True)
    render_seconds(synth, 0.1)
    synth.panic()
    render_seconds(synth, 0.02)
    assert synth.sounding_count == 0
    on(synth, 60, player=True)
    off(synth, 60, player=True)
    render_seconds(synth, 0.2)
    assert synth.sounding_count == 0  # panic releases the pedal too


def test_synth_all_notes_off_applies_to_its_channel():
    synth = Synth()
    on(synth, 60, channel=0)
    on(synth, 64, channel=1)
    synth.handle_midi(midi.control_change(1, midi.ALL_NOTES_OFF, 0), from_player=False)
    render_seconds(synth, 0.1)
    assert synth.sounding_count == 1


def test_synth_pedal_holds_players_notes():
    synth = Synth()
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 127), from_player=True)
    on(synth, 60, 64, player=True)
    off(synth, 60, player=True)
    render_seconds(synth, 0.3)
    assert synth.sounding_count == 2
    synth.handle_midi(midi.control_change(0, midi.SUSTAIN, 0), from_player=True)
    render_seconds(synth, 0.3)
    assert synth.sounding_count == 1


def test_synth_chords_stay_below_knee_and_nothing_clips():
    synth = Synth()
    on(synth, *CHORD)
    on(synth, *(pitch + 12 for pitch in CHORD))
    assert np.abs(render_seconds(synth, 1.0)).max() < 0.7
    on(synth, *(pitch + 7 for pitch in CHORD), velocity=127)
    on(synth, *(pitch + 5 for pitch in CHORD), player=True, velocity=127)
    assert 0.3 < np.abs(render_seconds(synth, 1.0)).max() < 1


def test_soft_limit_bends_smoothly():
    line = np.linspace(-4, 4, 8001, dtype=np.float32)[:, None]
    limited = soft_limit(line)
    assert np.abs(limited).max() <= 1
    assert (np.diff(limited, axis=0) >= 0).all()
    assert largest_jump(limited) < 0.0011
    assert (limited[np.abs(line) < 0.69] == line[np.abs(line) < 0.69]).all()


@pytest.mark.parametrize("end", ["off", "panic", "restrike", "steal", "early"])
@pytest.mark.parametrize("player", [True, False])
def test_synth_never_clicks(player: bool, end: str):
    """A wave that is cut off jumps by its height; one that fades jumps no more than the sound itself."""
    steady = Synth()
    on(steady, 48, player=player)
    slope = largest_jump(render_seconds(steady, 1.0))
    synth = Synth()
    on(synth, 48, player=player)
    parts = [render_seconds(synth, 0.01 if end == "early" else 0.35)]
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
    parts.append(render_seconds(synth, 0.3))
    assert largest_jump(np.concatenate(parts)) < slope * 1.5


def test_synth_oldest_note_gives_way():
    synth = Synth()
    on(synth, 40)
    render_seconds(synth, 0.1)
    on(synth, *range(41, 41 + MAX_VOICES))
    render_seconds(synth, 0.1)
    assert synth.sounding_count == MAX_VOICES
    off(synth, 40)
    render_seconds(synth, 0.2)
    assert synth.sounding_count == MAX_VOICES


def test_synth_bounds_a_flood_of_notes():
    synth = Synth()
    on(synth, *range(20, 120))
    on(synth, *range(20, 120), channel=1)
    assert synth.sounding_count <= MAX_VOICES


def test_synth_released_note_gives_way_first():
    synth = Synth()
    on(synth, *range(40, 40 + MAX_VOICES))
    off(synth, 50)
    on(synth, 100)
    render_seconds(synth, 0.3)
    assert synth.sounding_count == MAX_VOICES
    off(synth, 40)
    render_seconds(synth, 0.3)
    assert synth.sounding_count == MAX_VOICES - 1  # note 40 sounded until now


def test_synth_volume_changes_without_a_jump():
    synth = Synth()
    on(synth, 48)
    before = render_seconds(synth, 0.3)
    synth.set_volume(0.0)
    after = render_seconds(synth, 0.3)
    assert not after[BLOCK:].any()
    assert largest_jump(np.concatenate([before, after])) < largest_jump(before) * 1.5


def test_cached_tone_is_reused_and_loops_without_seam():
    assert cached_tone(ORGAN, 60) is cached_tone(ORGAN, 60)
    for pitch in range(24, 100):
        loop = cached_tone(ORGAN, pitch)
        twice = loop.samples_from(0, 2 * len(loop.samples))
        assert largest_jump(twice) == largest_jump(loop.samples)
    assert not cached_tone(HARPSICHORD, 60).loops


def test_synth_ignores_meaningless_messages():
    synth = Synth()
    for data in (b"", b"\xf8", b"\x90", b"\xe0\x00\x40", bytes((0x90, 200, 1))):
        synth.handle_midi(data, from_player=True)
    assert not render_seconds(synth, 0.05).any()


def brightness_hz(samples: StereoSamples) -> float:
    """Return the centre of the power spectrum."""
    power = np.abs(np.fft.rfft(samples.sum(axis=1) * np.hanning(len(samples)))) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum())


@pytest.mark.parametrize("sound", INSTRUMENTS)
def test_synth_harder_stroke_is_brighter_not_only_louder(sound: str):
    heard: list[StereoSamples] = []
    for velocity in (20, 120):
        synth = Synth()
        synth.set_sound(sound)
        on(synth, 60, velocity=velocity)
        heard.append(render_seconds(synth, 0.5))
        assert np.abs(heard[-1]).max() < 0.4
    assert brightness_hz(heard[1]) > 1.1 * brightness_hz(heard[0])
    assert loudness(heard[1]) > 1.3 * loudness(heard[0])


@pytest.mark.parametrize("sound", INSTRUMENTS)
def test_synth_every_sound_has_its_pitch(sound: str):
    synth = Synth()
    synth.set_sound(sound)
    on(synth, 69)
    samples = render_seconds(synth, 1.0).sum(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    low = spectrum[300:600]
    assert abs(300 + int(low.argmax()) - 440) < 6


def test_room_answers_on_both_sides_and_falls_silent():
    synth = Synth()
    synth.handle_midi(midi.note_on(9, 76, 100), from_player=False)
    render_seconds(synth, 0.2)
    tail = [render_seconds(synth, 0.2) for _ in range(7)]
    assert all(np.abs(part).max(axis=0).min() > 0 for part in tail[:2])
    assert [loudness(part) for part in tail] == sorted((loudness(part) for part in tail), reverse=True)
    assert loudness(tail[-1]) < 1e-5
