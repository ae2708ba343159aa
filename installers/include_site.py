"""The build hook that puts the documentation site into the packages, if `make docs` has built it into `site/`.

The window's help opens `bachbridge_gui/site/index.html` where it is there; without it the program is complete as well.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SITE = "site"
PLACES = {"wheel": "bachbridge_gui/site", "sdist": SITE}
"""Where the site goes in each kind of package; an sdist keeps it for the wheels that are built from it."""


class SiteBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook; it is found by this file's name in `pyproject.toml`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # hatchling's signature
        """Add the site; an editable installation reads it from its folder."""
        site = Path(self.root) / SITE
        if (site / "index.html").exists() and version != "editable":
            build_data["force_include"][str(site)] = PLACES[self.target_name]
