"""Hooks of the documentation site: pages that lie outside `docs/` are part of it, under `project/`.

MkDocs calls `on_files` and `on_page_markdown` (`hooks` in mkdocs.yml). On the project's web page the same links lead to
the files themselves.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

_ROOT = Path(__file__).parents[2]
PROJECT_PAGES = {
    "README.md": "project/readme.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
    "THIRD_PARTY.md": "project/third-party.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "installers/README.md": "project/installers.md",
    "models/README.md": "project/models-folder.md",
}
"""Files of the project that the site shows, with their places there."""
_REMOTE_SHIM, _OWN_SHIM = "https://unpkg.com/iframe-worker/shim", "javascripts/file_worker.js"
_LINK = re.compile(r"(\]\()((?!https?:|mailto:|#)[^)#\s]+)([^)]*\))")


def on_files(files: Any, config: Any) -> Any:
    """Add the project's own pages."""
    for source, place in PROJECT_PAGES.items():
        text = (_ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links that leave `docs/` into links to the project's pages; links to other files become plain text."""
    place = page.file.src_uri
    source = next((name for name, shown in PROJECT_PAGES.items() if shown == place), f"docs/{place}")
    return with_site_links(markdown, source, place)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Let the page take our stand-in for a browser's workers, not the one that the theme loads from the network."""
    return output.replace(_REMOTE_SHIM, posixpath.relpath(_OWN_SHIM, posixpath.dirname(page.file.dest_uri) or "."))


def on_post_build(config: Any) -> None:
    """Remove what only servers show and what the pages do not need: the site is part of the packages."""
    site = Path(config["site_dir"])
    for path in [site / "404.html", *site.rglob("*.map"), *site.glob("assets/javascripts/lunr/**/*.js")]:
        path.unlink()


def with_site_links(markdown: str, source: str, place: str) -> str:
    """Rewrite the links of the file `source` (from the project's folder) for its page at `place` (from `docs/`)."""

    def replaced(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        if target in PROJECT_PAGES:
            shown = PROJECT_PAGES[target]
        elif target.startswith("docs/"):
            shown = target.removeprefix("docs/")
        else:
            return f"{match[1]}{_source_note(place)}{match[3]}"
        return f"{match[1]}{posixpath.relpath(shown, posixpath.dirname(place) or '.')}{match[3]}"

    return _LINK.sub(replaced, markdown)


def _source_note(place: str) -> str:
    """Return the link for a file that only the source code has: the page about the folders."""
    return posixpath.relpath("project/contributing.md", posixpath.dirname(place) or ".")
