"""Write a page for each DAW from the window's own steps: `python scripts/pages/daw_pages.py docs/start`.

The steps are those of the window's Connect page (`bachbridge_gui.setup.daw_guides`), so the two never differ.
"""

import re
import sys
from pathlib import Path

from bachbridge_gui.setup.daw_guides import DAWS, SYSTEM_NAMES, Daw, with_port_names

_INPUT, _OUTPUT = "BachBridge In", "BachBridge Out"
_HEAD = """\
# {name}

{name} runs on {systems}. {tried} This page is made from the window's *Connect* page, which shows the same steps and,
next to them, what has arrived so far.

![The window's Connect page: steps for a DAW, and what has arrived](../screenshots/connect.png)

Start BachBridge before {name}, so that the ports exist when {name} looks for them.
"""
_FOOT = """\
## Try it

Play a few notes on the first track and stop. BachBridge's window shows them at once, and its answer sounds on the
second track two beats later. Nothing? `bachbridge doctor` says what is missing, and [Trouble](../trouble.md) lists
what you may see.

Do not route the answering track back into "{input}": BachBridge would hear its own answer as your next phrase. It
notices this, ignores its own notes and says so.
"""
_TRIED = {"Ardour": "The project's tests play through a real Ardour 7 on Linux."}
_NOT_TRIED = "Nobody of the project has tried these steps in {name} itself: please tell us what differs."
_EXTRAS = {
    "Ardour": """\
## A session that is ready

    python installers/daw/ardour_session.py FOLDER

makes a session with both tracks, by Ardour's own Lua interpreter. Then connect the ports as above; Ardour remembers
them.
""",
    "Reaper": """\
## Tracks that are ready

Copy `installers/daw/BachBridge.RTrackTemplate` into Reaper's folder `TrackTemplates` (*Options* → *Show REAPER resource
path*) and insert it as a track template. `installers/daw/bachbridge.lua` is a script for Reaper's *Actions* list: it
sends the selected track to BachBridge, adds a track for the answer, and arms both. Both files are checked
without Reaper: the script runs against a stand-in for its API.
""",
}


def daw_page(daw: Daw) -> str:
    """Return the page of a DAW in Markdown."""
    systems = ", ".join(SYSTEM_NAMES[system] for system in daw.systems)
    tried = _TRIED.get(daw.name, _NOT_TRIED.format(name=daw.name))
    parts = [_HEAD.format(name=daw.name, systems=systems, tried=tried)]
    parts += [f"## {step.title}\n\n{with_port_names(step.text, _INPUT, _OUTPUT)}\n" for step in daw.steps]
    if daw.name in _EXTRAS:
        parts.append(_EXTRAS[daw.name])
    parts.append(_FOOT.format(input=_INPUT))
    if "win32" in daw.systems:
        parts.append("On Windows, ports have to be made first: see [Windows](windows.md).\n")
    return "\n".join(parts)


def page_name(daw: Daw) -> str:
    """Return the page's file name, such as `ableton-live.md`."""
    return re.sub(r"\W+", "-", daw.name.lower()) + ".md"


def main(folder: Path) -> None:
    """Write all pages into `folder`."""
    for daw in DAWS:
        (folder / page_name(daw)).write_text(daw_page(daw), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
