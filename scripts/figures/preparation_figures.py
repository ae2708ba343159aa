"""Print how fast `bachbridge prepare` is and how much memory each of its processes needs at most.

    python scripts/figures/preparation_figures.py MUSIC OUTPUT JOBS [OPTIONS OF prepare]

It runs the command and looks at its processes four times a second: the time until it ends, the processor time of all
processes, and the largest resident memory of the command itself, of a worker, and of a process that reads files.
"""

import sys
import time
from collections import defaultdict

import psutil

_PERIOD_S = 0.25


def role_of(process: psutil.Process) -> str:
    """Return the role of one of the command's processes."""
    command = " ".join(process.cmdline())
    if "reader_process" in command:
        return "reading process"
    return "worker" if "multiprocessing" in command else "command"


def watch(command: list[str]) -> tuple[int, float, float, dict[str, int]]:
    """Run a command; return its exit status, its seconds, the processor seconds of all, and the peak bytes by role."""
    began = time.monotonic()
    started = psutil.Popen(command)
    peaks: defaultdict[str, int] = defaultdict(int)
    processor_s: dict[int, float] = {}
    while started.poll() is None:
        for process in (started, *started.children(recursive=True)):
            try:
                times = process.cpu_times()
                processor_s[process.pid] = times.user + times.system
                role = role_of(process)
                peaks[role] = max(peaks[role], process.memory_info().rss)
            except psutil.Error:
                continue
        time.sleep(_PERIOD_S)
    return started.returncode, time.monotonic() - began, sum(processor_s.values()), dict(peaks)


def main() -> None:
    """Run the command and print a row for `docs/performance.md`."""
    music, output, jobs, *options = sys.argv[1:]
    command = [sys.executable, "-m", "bachbridge", "prepare", music, "-o", output, "--jobs", jobs, *options]
    status, seconds, processor_s, peaks = watch(command)
    memory = ", ".join(f"{role} {peak / 1e6:.0f} MB" for role, peak in sorted(peaks.items()))
    print(f"{music}, {jobs} workers: exit {status}, {seconds:.1f} s, {processor_s:.1f} processor seconds; {memory}")


if __name__ == "__main__":
    main()
