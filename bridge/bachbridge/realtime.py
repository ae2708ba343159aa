"""Every trick by which the operating system is asked for punctuality, and nowhere else.

Each is harmless where it is not supported or not allowed: the program then runs as ordinary programs do.
"""

import contextlib
import gc
import os
import sys

_PRIORITY = 20
"""Above ordinary programs, below JACK's own threads."""
_SWITCH_S = 0.0005
"""How long another Python thread may keep the interpreter from the MIDI thread."""


def prepare_engine() -> None:
    """For the engine's main thread, once everything is imported."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_S)
    if sys.platform == "win32":
        _prepare_windows()
    elif sys.platform == "linux":
        _prepare_linux()


def prepare_model() -> None:
    """For the model's process: never in the engine's way."""
    gc.collect()
    gc.freeze()
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(5)


def _prepare_linux() -> None:
    """Real-time round-robin for this thread alone: children and later threads start as ordinary ones."""
    with contextlib.suppress(OSError):
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(_PRIORITY))


def _prepare_windows() -> None:
    """Timers of one millisecond (they are 15.6 ms by default) and a high priority."""
    import ctypes

    high_priority_class = 0x80
    kernel, winmm = ctypes.WinDLL("kernel32"), ctypes.WinDLL("winmm")  # pyright: ignore  # exist on Windows only
    winmm.timeBeginPeriod(1)
    kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class)
