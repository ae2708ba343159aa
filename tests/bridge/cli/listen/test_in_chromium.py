"""The page works for a person in a browser: it plays, asks, keeps score, lists all pieces; keys are enough for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.cli.listen import chromium
from tests.bridge.cli.listen.chromium import Chromium

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium: apt install chromium")

PLAYED = """
new Promise((done) => {
  const sound = sounds[%d];
  sound.addEventListener("timeupdate", () => { if (sound.currentTime > %f) done(sound.currentTime); });
  playButtons[%d].click();
})
"""
ENTER, SPACE, TAB, LEFT = ("Enter", 13, "\r"), ("Space", 32, " "), ("Tab", 9), ("ArrowLeft", 37)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, listening_folder: Path) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def page(browser: Chromium, listening_folder: Path) -> Chromium:
    browser.open(listening_folder / "index.html")
    return browser


def visible(page: Chromium, selector: str) -> Any:
    return page.run(f"document.querySelector('{selector}').offsetParent !== null")


def test_page_plays_both_versions_from_one_place(page: Chromium) -> None:
    assert page.run(PLAYED % (0, 0.3, 0)) > 0.3
    assert page.run("sounds[0].duration") > 1
    assert page.run("sounds[0].duration === sounds[1].duration")
    assert page.run(PLAYED % (1, 0.3, 1)) > 0.3
    assert page.run("[sounds[0].paused, sounds[1].paused]") == [True, False]
    assert page.run("playButtons.map((button) => button.getAttribute('aria-label'))") == [
        "Play version A",
        "Pause version B",
    ]
    assert page.run("find('time').textContent").endswith(page.run("clock(sounds[1].duration)"))
    assert not page.errors


def test_page_keeps_score(page: Chromium) -> None:
    assert page.run("find('next').disabled")
    right = page.run(
        """(() => {
          let right = 0;
          while (!find("test").hidden) {
            const choice = current % 2;
            choices[choice].click();
            right += isBach(rounds[current].names[choice]);
            find("next").click();
          }
          return right;
        })()"""
    )
    assert page.run("find('points').textContent") == f"{right} of 2 right"
    assert page.run("document.activeElement.id") == "points-title"
    assert page.run("[...document.querySelectorAll('.answer.right')].filter((one) => !one.hidden).length") == right
    assert page.run("document.querySelectorAll('#pieces li').length") == 2
    assert visible(page, "#verdict")
    page.run("find('again').click()")
    assert page.run("find('number').textContent") == "Melody 1 of 2"
    assert page.run("choices.some((input) => input.checked)") is False
    assert not page.errors


def test_page_lists_all_pieces_with_their_files(page: Chromium) -> None:
    page.run("find('skip').click()")
    loaded = page.run(
        """Promise.all([...document.querySelectorAll("#pieces img")].map((picture) => {
          picture.closest("details").open = true;
          picture.loading = "eager";
          return picture.decode().then(() => picture.naturalWidth);
        }))"""
    )
    assert loaded == [1600] * 4
    lengths = page.run(
        """Promise.all([...document.querySelectorAll("#pieces audio")].map((sound) => new Promise((done) => {
          if (sound.readyState) done(sound.duration);
          sound.addEventListener("loadedmetadata", () => done(sound.duration));
        })))"""
    )
    assert len(lengths) == 4
    assert min(lengths) > 1
    assert page.run("[...document.querySelectorAll('#pieces a')].every((link) => link.getAttribute('href'))")
    assert {url.partition(":")[0] for url in page.requested_urls} <= {"file", "data"}
    assert visible(page, "#begin")
    assert not page.errors


def test_page_is_operated_by_keys_alone(page: Chromium) -> None:
    page.run("playButtons[0].focus()")
    page.press(*SPACE)
    assert page.run("sounds[0].paused") is False
    page.press(*TAB)
    page.press(*SPACE)
    page.press(*LEFT)
    assert page.run("rounds[0].choice") == 1
    page.run("find('next').focus()")
    page.press(*ENTER)
    assert page.run("document.activeElement.id") == "round"
    assert page.run("sounds[0].paused")
    page.run("find('back').focus()")
    page.press(*ENTER)
    assert page.run("choices[1].checked")


def test_page_names_every_control(page: Chromium) -> None:
    names: dict[str, list[str]] = {}
    for _ in ("test", "pieces"):
        for node in page.send("Accessibility.getFullAXTree")["nodes"]:
            role, name = node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")
            if not node["ignored"]:
                names.setdefault(role, []).append(name)
        page.run("find('skip').click()")
    for role in ("button", "radio", "slider", "progressbar", "link", "Audio", "DisclosureTriangle", "region"):
        assert all(name.strip() for name in names[role]), (role, names[role])
    assert names["radio"] == ["A is Bach\u2019s", "B is Bach\u2019s"]
    assert len(set(names["link"])) == 4


@pytest.mark.parametrize("width", [320, 1100])
def test_page_fits_the_width(page: Chromium, width: int) -> None:
    page.set_view(width, 700, "dark")
    for part in ("test", "pieces"):
        assert page.run("document.documentElement.scrollWidth") <= width, part
        assert page.run("document.documentElement.scrollWidth === document.documentElement.clientWidth"), part
        page.run("find('skip').click()")


def test_page_says_that_a_sound_is_missing(page: Chromium) -> None:
    page.run(
        """new Promise((done) => {
          sounds[0].addEventListener("error", () => setTimeout(done));
          sounds[0].src = "music/none.mp3";
        })"""
    )
    assert "keep the folder" in page.run("find('trouble').textContent")
    assert visible(page, "#trouble")
