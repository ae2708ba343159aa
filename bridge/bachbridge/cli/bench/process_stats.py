"""Memory and processor time of processes, read from /proc; known on Linux only."""

import contextlib
import os
from pathlib import Path


def child_pids(pid: int) -> list[int]:
    """Return the processes that this one has started; none on other systems."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def child_running(pid: int, module: str) -> int | None:
    """Return the child of this process that runs a module; None if there is none, or on other systems."""
    for child in child_pids(pid):
        with contextlib.suppress(OSError):
            if module.encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def process_tree(pid: int) -> list[int]:
    """Return the process and all below it."""
    return [pid, *(member for child in child_pids(pid) for member in process_tree(child))]


def resident_mb(pid: int | None) -> float | None:
    """Return the resident memory without what is shared with other processes (a JACK server alone has 100 MB)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    kilobytes = [int(status.partition(name)[2].split()[0]) for name in ("RssAnon:", "RssFile:")]
    return round(sum(kilobytes) / 1024, 1)


def cpu_time_s(pid: int) -> float | None:
    """Return the processor time that the process has used so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
