"""Every trick with the operating system, and only here; each is tried and does no harm where it is not to be had.

What makes a Python thread late is, in order of weight: another Python thread that keeps the interpreter's lock (by
default up to 5 ms), the garbage collector, a timer that ticks coarsely (Windows: 15.6 ms), other processes.
A tie of a child's life to its parent's (Linux's PR_SET_PDEATHSIG) is left out with intent: it fires when the *thread*
that started the child ends, and a signal sends no note-offs; the end of the pipe does the same work everywhere.
"""

import contextlib
import gc
import os
import sys
import time

_SWITCH_INTERVAL_S = 0.0005
_HIGH_PRIORITY_CLASS = 0x80


def prepare_engine_process() -> None:
    """For the engine's process: what comes from the player and goes out in time has precedence."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.winmm.timeBeginPeriod(1)
        _set_windows_priority(_HIGH_PRIORITY_CLASS)
    else:
        _raise_engine_priority()


def prepare_model_process() -> None:
    """For the model's process: one thread, at an ordinary priority. Call it before numpy is imported.

    A lower one would not help the engine, which has a higher one where it may, and next to a busy DAW the answer's
    first note would be late (18 ms instead of 2 were seen).
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def prepare_listener_process() -> None:
    """For a program that takes the time of what it hears: the thread that hears is not kept waiting by the others."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def freeze_heap() -> None:
    """Everything is set up: the collector need not look at it ever again."""
    gc.collect()
    gc.freeze()


def exit_after(seconds: float) -> None:
    """End this process after so many seconds, if it lives so long, whatever its other threads do."""
    time.sleep(seconds)
    os._exit(1)


def _raise_engine_priority() -> None:
    """A first place among this machine's ordinary programs or, on Linux, before them; usually root's right only."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            # RESET_ON_FORK: the model's process and the threads that write must not have it.
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
            return
    with contextlib.suppress(OSError):
        os.nice(-10)


def _set_windows_priority(priority: int) -> None:
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), priority)
