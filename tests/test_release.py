"""The version, and what the packages say about it, agree; the packages' scripts and their descriptions do as well."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from bachbridge import __version__

ROOT = Path(__file__).parent.parent
INSTALLERS = ROOT / "installers"
SCRIPTS = {".sh", ".ps1", ".iss", ".spec", ".py"}


def test_release_has_a_section_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)


def test_release_is_the_newest_in_the_appstream_file() -> None:
    path = INSTALLERS / "linux/org.bachbridge.BachBridge.metainfo.xml"
    releases = ET.parse(path).findall("releases/release")
    assert releases[0].get("version") == __version__


def test_installers_readme_describes_every_script() -> None:
    described = (INSTALLERS / "README.md").read_text(encoding="utf-8")
    folders = [INSTALLERS, *(INSTALLERS / system for system in ("linux", "macos", "windows"))]
    scripts = [path.name for folder in folders for path in folder.iterdir() if path.suffix in SCRIPTS]
    assert len(scripts) > 10
    assert not [name for name in scripts if not re.search(rf"\b{re.escape(name)}`", described)]


def test_makefile_and_workflow_name_existing_scripts() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "Makefile", ROOT / ".github/workflows/packages.yml")]
    named = set(re.findall(r"(?:installers|scripts)/[\w/.]+\.(?:sh|ps1|py)", "\n".join(texts)))
    assert len(named) > 8
    assert not [name for name in named if not (ROOT / name).exists()]
