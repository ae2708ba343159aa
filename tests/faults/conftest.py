"""Faults on real ports: the JACK server is that of the tests on ports."""

from tests.loopback.conftest import jack

__all__ = ["jack"]
