from bachbridge.process.restart import RestartBackoff


def test_restart_backoff_pauses_grow_to_the_last() -> None:
    backoff = RestartBackoff((0.1, 1.0, 5.0))
    assert [backoff.record_death() for _ in range(5)] == [0.1, 1.0, 5.0, 5.0, 5.0]
    assert not backoff.has_given_up


def test_restart_backoff_reset_begins_with_the_first_pause() -> None:
    backoff = RestartBackoff((0.1, 1.0))
    backoff.record_death()
    backoff.reset()
    assert backoff.record_death() == 0.1


def test_restart_backoff_gives_up_after_the_last_try() -> None:
    backoff = RestartBackoff((0.0,), max_deaths=2)
    backoff.record_death()
    assert not backoff.has_given_up
    backoff.record_death()
    assert backoff.has_given_up
    backoff.reset()
    assert not backoff.has_given_up
