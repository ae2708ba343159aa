"""Live harmony under the virtual driver: the player's notes and the three voices that accompany them.

The model plans an alto a fourth, a tenor a tenth and a bass two octaves below the melody (`plan_sixths`).
"""

from dataclasses import replace
from typing import Any

import pytest

from bachbridge.midi import messages as midi
from bachbridge.protocol.effects import Ask, Effect, Harmonized, PlanRequest, Send
from bachbridge.protocol.events import EndPhrase, Midi, ModelUp, Reset, Setting
from bachbridge.settings import Settings
from tests.support.virtual_driver import MS, Driver, S, plan_sixths, silent_model

HARMONIZE = Settings(mode="harmonize", bpm=120.0, seed=1, density=-1.0)
STEP = 125 * MS
BEAT = 4 * STEP


def playing(settings: Settings = HARMONIZE, **driver_fields: Any) -> Driver:
    """Return a driver whose model is ready."""
    driver = Driver(settings, **driver_fields)
    driver.schedule(0, ModelUp("chorale-lstm", 400_000))
    driver.run(S // 2)
    return driver


def started(driver: Driver) -> list[tuple[int, int, int]]:
    """Return time in ms, channel and pitch of every note-on."""
    return [(t // MS, m.channel, m.pitch) for t, m in driver.sent_messages() if isinstance(m, midi.NoteOn)]


def ended(driver: Driver) -> list[tuple[int, int, int]]:
    return [(t // MS, m.channel, m.pitch) for t, m in driver.sent_messages() if isinstance(m, midi.NoteOff)]


def test_chord_is_sent_in_the_call_of_its_note() -> None:
    driver = playing()
    effects = driver.feed(Midi(midi.note_on(0, 72, 100)))
    sends = [midi.decode(e.data) for e in effects if isinstance(e, Send)]
    assert sends == [midi.NoteOn(1, 67, 85), midi.NoteOn(2, 56, 85), midi.NoteOn(3, 48, 95)]
    assert _kinds(effects) == ["Send", "Send", "Send", "Harmonized", "BarStarted"]


def _kinds(effects: list[Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def test_players_note_passes_through_as_soprano() -> None:
    driver = playing(replace(HARMONIZE, thru=True, channels=(5, 6, 7, 8)))
    driver.feed(Midi(midi.note_on(8, 72, 100)))
    assert [(c, p) for _, c, p in started(driver)] == [(4, 72), (5, 67), (6, 56), (7, 48)]


def test_voices_hold_until_release_and_legato() -> None:
    driver = playing()
    driver.play(S, 72, BEAT)
    driver.run(10 * S)
    assert ended(driver) == [(1620, 1, 67), (1620, 2, 56), (1620, 3, 48)]
    assert not driver.receiver.sounding


def test_only_changing_voices_move_to_next_chord() -> None:
    def common(request: PlanRequest) -> tuple[int, object]:
        delay, plan = plan_sixths(request)
        return delay, replace(plan, rows=tuple((*row[:4], 12, 0 if request.frames else 15) for row in plan.rows))

    driver = playing(planner=common)
    driver.play(S, 72, BEAT)
    driver.play(S + BEAT, 74, BEAT)
    driver.run(S + 2 * BEAT)
    assert started(driver)[3:] == [(1500, 1, 69), (1500, 2, 58)]
    assert ended(driver) == [(1500, 1, 67), (1500, 2, 56)]


def test_repeated_note_restarts_voices_as_planned() -> None:
    driver = playing()
    driver.play(S, 72, BEAT)
    driver.play(S + BEAT, 72, BEAT)
    driver.run(S + 2 * BEAT)
    assert [p for _, _, p in started(driver)] == [67, 56, 48, 67, 56, 48]


def test_outer_note_of_chord_is_the_melody() -> None:
    for voice, expected in (("soprano", 76), ("bass", 60)):
        driver = playing(replace(HARMONIZE, voice=voice))
        for offset, pitch in enumerate((60, 72, 76)):
            driver.play(S + offset * 5 * MS, pitch, BEAT)
        driver.run(S + 100 * MS)
        frames = [m.frames for _, m in driver.messages_of(PlanRequest) if isinstance(m, PlanRequest) and m.frames]
        given = 0 if voice == "soprano" else 3
        assert frames[-1][-1][given] == expected - 35


def test_lower_key_pressed_later_is_new_melody_note() -> None:
    driver = playing()
    driver.play(S, 76, 2 * BEAT)
    driver.play(S + BEAT, 72, BEAT)
    driver.run(S + BEAT + MS)
    assert [p for _, _, p in started(driver)][3:] == [67, 56, 48]


def test_fast_run_has_chords_where_it_begins_and_ends() -> None:
    driver = playing()
    for index, pitch in enumerate((72, 74, 76, 77)):
        driver.play(S + index * 60 * MS, pitch, BEAT if pitch == 77 else 55 * MS)
    driver.run(S + BEAT)
    assert [(t, pitch) for t, channel, pitch in started(driver) if channel == 1] == [(1000, 67), (1290, 72)]


def test_long_run_has_chord_on_each_beat() -> None:
    driver = playing()
    for index in range(12):
        driver.play(S + index * 100 * MS, 64 + index, 95 * MS)
    driver.run(S + 1200 * MS)
    assert [t for t, channel, _ in started(driver) if channel == 1] == [1000, 1500, 2000]


def test_chord_on_beat_changes_harmony_on_beats_only() -> None:
    driver = playing(replace(HARMONIZE, chord_on="beat"))
    for index, pitch in enumerate((72, 74, 76, 77)):
        driver.play(S + index * BEAT // 2, pitch, BEAT // 2 - 5 * MS)
    driver.run(S + 2 * BEAT)
    assert [(t, p) for t, channel, p in started(driver) if channel == 1] == [(1000, 67), (1500, 71)]


def test_inner_voices_move_on_eighths_only_with_tempo() -> None:
    for bpm, moves in ((120.0, [(1280, 68)]), (0.0, [])):
        driver = playing(replace(HARMONIZE, bpm=bpm, density=0.0))
        driver.play(S, 72, BEAT)
        driver.run(S + BEAT - 20 * MS)
        assert [(t, p) for t, channel, p in started(driver) if channel == 1][1:] == moves


def test_inner_voices_wait_for_slightly_late_note() -> None:
    driver = playing(replace(HARMONIZE, density=0.0))
    driver.play(S, 72, BEAT // 2 + 10 * MS)
    driver.play(S + BEAT // 2 + 20 * MS, 74, BEAT // 2)
    driver.run(S + BEAT - 20 * MS)
    assert [(t, p) for t, channel, p in started(driver) if channel == 1] == [(1000, 67), (1270, 69)]


def test_pedal_holds_the_voices() -> None:
    driver = playing()
    driver.schedule(S, Midi(midi.control_change(0, midi.SUSTAIN, 127)))
    driver.play(S, 72, BEAT)
    driver.schedule(S + 3 * BEAT, Midi(midi.control_change(0, midi.SUSTAIN, 0)))
    driver.run(10 * S)
    assert {t for t, _, _ in ended(driver)} == {1000 + 1500 + 120}


@pytest.mark.parametrize(("pitch", "alto"), [(48, 67), (36, 67), (96, 79), (127, 86)])
def test_note_out_of_range_is_harmonized_by_octave(pitch: int, alto: int) -> None:
    driver = playing()
    driver.play(S, pitch, BEAT)
    driver.run(S + MS)
    assert started(driver)[0][1:] == (1, alto)


def test_auto_harmonizes_tune_in_bass_from_above() -> None:
    driver = playing(replace(HARMONIZE, voice="auto", thru=True, channels=(5, 6, 7, 8)))
    for index, pitch in enumerate((43, 45, 47)):
        driver.play(S + index * BEAT, pitch, BEAT)
    driver.run(S + 3 * BEAT)
    assert [chord[1:] for chord in started(driver) if chord[0] >= 1500] == [
        (7, 45), (4, 62), (5, 57), (6, 52), (7, 47), (4, 64), (5, 59), (6, 54),
    ]  # fmt: skip
    assert [(t, c, p) for t, c, p in started(driver) if 1000 < t < 1500] == [
        (1003, 4, 60),
        (1003, 5, 55),
        (1003, 6, 50),
    ]
    assert {m.given for _, m in driver.messages_of(PlanRequest) if isinstance(m, PlanRequest) and m.frames} == {3}


def test_auto_ignores_plan_for_another_voice() -> None:
    driver = playing(replace(HARMONIZE, voice="auto"), planner=lambda request: plan_sixths(request, 30 * MS))
    driver.play(S, 72, BEAT)
    driver.run(S + MS)
    assert len(started(driver)) == 3
    driver.feed(Reset())
    driver.play(driver.now_ns + 10 * MS, 48, BEAT)
    driver.run(2 * S)
    assert [(c, p) for _, c, p in started(driver)[3:]] == [(0, 65), (1, 60), (2, 55)]


def test_only_chosen_voices_sound_on_chosen_channel() -> None:
    driver = playing(replace(HARMONIZE, harmony="ab", channels=(3, 3, 3, 3)))
    driver.play(S, 72, BEAT)
    driver.run(10 * S)
    assert [(c, p) for _, c, p in started(driver)] == [(2, 67), (2, 48)]
    assert not driver.receiver.sounding


def test_late_plan_is_played_when_it_arrives() -> None:
    driver = playing(planner=lambda request: plan_sixths(request, 30 * MS) if request.piece else None)
    driver.feed(Reset())
    driver.play(S // 2 + 10 * MS, 72, BEAT)
    driver.run(S)
    assert {t for t, _, _ in started(driver)} == {530}


def test_accompanist_is_silent_without_a_model() -> None:
    driver = playing(planner=lambda _: None)
    for index in range(40):
        driver.play(S + index * BEAT // 3, 60 + index % 20, BEAT // 4)
    driver.run(30 * S)
    assert not driver.messages_of(Send)
    assert driver.session.deadline is None


def test_steps_are_sent_once_and_revised_ones_again() -> None:
    driver = playing()
    driver.play(S, 72, 2 * BEAT)
    driver.play(S + BEAT + 20 * MS, 74, BEAT)
    driver.run(S + 2 * BEAT - 70 * MS)
    known: list[tuple[int, ...]] = []
    for _, message in driver.messages_of(PlanRequest):
        assert isinstance(message, PlanRequest)
        if message.frames:
            assert message.step <= len(known)
            known[message.step :] = message.frames
    assert [frame[0] for frame in known] == [37] * 4 + [39] * (len(known) - 4)
    assert [frame[4] for frame in known[:5]] == [15, 0, 0, 0, 15]


def test_new_piece_begins_after_bars_of_silence() -> None:
    driver = playing()
    driver.play(S, 72, BEAT)
    driver.run(S + BEAT + 8 * BEAT - MS)
    before = driver.messages_of(PlanRequest)[-1][1]
    driver.run(20 * S)
    after = driver.messages_of(PlanRequest)[-1][1]
    assert isinstance(before, PlanRequest)
    assert isinstance(after, PlanRequest)
    assert after.piece == before.piece + 1
    assert after.frames == ()


def test_short_rest_keeps_place_in_beat() -> None:
    driver = playing()
    driver.play(S, 72, BEAT)
    driver.play(S + 6 * BEAT, 74, BEAT)
    driver.run(S + 6 * BEAT)
    last = driver.messages_of(Harmonized)[-1][1]
    assert isinstance(last, Harmonized)
    assert last.step % 4 == 0
    assert last.step < 12


def test_new_model_process_gets_whole_history() -> None:
    driver = playing()
    driver.play(S, 72, 4 * BEAT)
    driver.schedule(S + BEAT, ModelUp("chorale-lstm", 400_000))
    driver.run(S + BEAT)
    last = driver.messages_of(PlanRequest)[-1][1]
    assert isinstance(last, PlanRequest)
    assert (last.step, len(last.frames)) == (0, 5)


def test_harmony_is_continued_in_four_voices() -> None:
    driver = playing(model=silent_model)
    driver.play(S, 72, BEAT)
    driver.play(S + BEAT, 74, BEAT)
    driver.schedule(S + 2 * BEAT - 10 * MS, EndPhrase())
    driver.run(S + 2 * BEAT)
    [(_, ask)] = driver.messages_of(Ask)
    assert isinstance(ask, Ask)
    assert [(n.start, n.length, n.pitch) for n in ask.prompt.notes if n.voice == 0] == [(0, 4, 72), (4, 4, 74)]
    assert {n.voice for n in ask.prompt.notes} == {0, 1, 2, 3}
    assert not driver.receiver.sounding


def test_cadence_is_requested_until_it_has_come() -> None:
    def dominants(request: PlanRequest) -> tuple[int, object]:
        delay, plan = plan_sixths(request)
        lower = (27, 20, 8) if plan.step < 4 else (29, 20, 13)  # G major under B, C major under C
        return delay, replace(plan, rows=tuple((*row[:2], *lower, 15) for row in plan.rows))

    driver = playing(planner=dominants)
    driver.schedule(S, Midi(midi.control_change(0, 81, 127)))
    driver.play(S + MS, 71, BEAT)
    driver.play(S + BEAT, 72, BEAT)
    driver.run(S + 2 * BEAT)
    wanted = [m.style.cadence for t, m in driver.messages_of(PlanRequest) if isinstance(m, PlanRequest) and t >= S]
    assert wanted[0]
    assert not wanted[-1]


def test_style_change_replans_and_voice_change_silences() -> None:
    driver = playing()
    driver.play(S, 72, 4 * BEAT)
    driver.schedule(S + 10 * MS, Setting("temperature", 0.5))
    driver.schedule(S + 20 * MS, Setting("voice", "bass"))
    driver.run(S + 15 * MS)
    last = driver.messages_of(PlanRequest)[-1][1]
    assert isinstance(last, PlanRequest)
    assert last.style.temperature == 0.5
    assert driver.receiver.sounding
    driver.run(S + 30 * MS)
    assert not driver.receiver.sounding


def test_inner_voices_move_on_the_beat_that_is_heard() -> None:
    driver = playing(replace(HARMONIZE, bpm=0.0, density=0.0))
    for index in range(12):
        driver.play(S + index * BEAT, 72, BEAT - 20 * MS)
    driver.run(S + 12 * BEAT)
    moves = [t - 1000 for t, channel, _ in started(driver) if channel == 1 and (t - 1000) % 500 > 200]
    assert len(moves) >= 6
    assert all(abs((t - 30) % 500 - 250) < 40 for t in moves)
