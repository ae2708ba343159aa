"""Real-time settings of the operating system and the interpreter.

Each setting is tried, and does no harm where the system does not offer it. These things make a Python thread late, in
order of weight: another Python thread that holds the interpreter's lock (by default up to 5 ms), the garbage
collector, a coarse system timer (Windows: 15.6 ms), and other processes.

Linux could end a child together with its parent (PR_SET_PDEATHSIG). This is deliberately not used: the signal fires
when the *thread* that started the child ends, and a process killed by a signal sends no note-offs. The end of the pipe
does this work on every system.
"""

import contextlib
import gc
import os
import sys
import time

_SWITCH_INTERVAL_S = 0.0005
_HIGH_PRIORITY_CLASS = 0x80


def prepare_engine_process() -> None:
    """Prepare the engine process: its input from the player and its timed output come before other work."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.winmm.timeBeginPeriod(1)
        _set_windows_priority(_HIGH_PRIORITY_CLASS)
    else:
        _raise_engine_priority()


def prepare_model_process() -> None:
    """Prepare the model process: one thread at normal priority. Call this before numpy is imported.

    A lower priority would not help the engine, which has a higher one where the system allows it. It would make an
    answer's first note late beside a busy DAW (18 ms instead of 2 ms were seen).
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def prepare_listener_process() -> None:
    """Prepare a program that timestamps incoming MIDI: other threads do not keep the receiving thread waiting."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def freeze_heap() -> None:
    """Exempt all present objects from garbage collection. Call this when everything is set up."""
    gc.collect()
    gc.freeze()


def exit_after(seconds: float) -> None:
    """End this process with status 1 after `seconds`, whatever its other threads do."""
    time.sleep(seconds)
    os._exit(1)


def _raise_engine_priority() -> None:
    """Ask for real-time scheduling (Linux) or a higher priority; usually only root may have either."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # RESET_ON_FORK: the model process and the writing threads must not inherit it.
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
            return
    with contextlib.suppress(OSError):
        os.nice(-10)


def _set_windows_priority(priority: int) -> None:
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), priority)
