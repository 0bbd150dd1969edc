"""Pictures of the screen: what they say, what they must not tell, and where they are kept."""

from __future__ import annotations

import io
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from rich.text import Text

from tests.pictures import NOW, TROUBLED, FakeSource, MovableClock, source_of
from tests.tui.driving import driven, make_app, run, screen_text, until
from wedtui.errors import WedtuiError
from wedtui.tui.album import MOST_FILES, Album
from wedtui.tui.app import WedtuiApp
from wedtui.tui.pictures import Caption, Picture, picture_of

CAPTION = Caption("1.2", "production", NOW, "dashboard", demo=True)
STEM = "20260620T120005Z"
HALF = "".join(("hunt", "er2"))


def export(*lines: str, width: int = 60) -> str:
    """Draw lines as Textual does: recorded by a console, and exported."""
    console = Console(width=width, height=len(lines), record=True, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_markup(line), no_wrap=True, crop=True)
    return console.export_svg(title=CAPTION.title())


def drawn(svg: str) -> str:
    """Return the text that a reader of an SVG sees, by an XML parser and not by our patterns."""
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return "\n".join((each.text or "").replace("\xa0", " ") for each in texts)


def made(*lines: str, names: tuple[str, ...] = ()) -> Picture:
    return picture_of(export(*lines), CAPTION, names)


def test_it_says_what_it_is_of_which_world_and_when() -> None:
    svg, text = made("aws ● OK")
    title = "wedtui 1.2 · DEMO · production · dashboard · 2026-06-20 12:00:05 UTC"
    assert text.startswith(f"{title}\n")
    assert title in drawn(svg)
    assert f"<title>{title}</title>" in svg
    assert text.endswith("\naws ● OK\n")


def test_it_asks_nobody_for_anything() -> None:
    assert "cdnjs" in export("x")
    svg = made("x").svg
    assert re.findall(r"https?://[^\"' <]+", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\((?!#)", svg)
    assert "@font-face" not in svg


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (f"https://me:{HALF}@a.example.com/x ok", "@a.example.com/x ok"),
        (f"[red]password=[/][green]{HALF}[/] ok", " ok"),  # in two stretches of colour
        (f"ü 💍 Bearer {HALF} ok", "ü 💍 Bearer "),
        (f"[b]x[/b] password={HALF[:3]}[red]{HALF[3:]}[/] 💍 ok", " 💍 ok"),
        (f"a & b <c> token={HALF} &", "a & b <c> token="),
    ],
)
def test_secrets_become_stars_and_everything_else_stays_in_its_cell(line: str, left: str) -> None:
    svg, text = made(line, "below")
    for each in (drawn(svg).replace("\n", ""), text):
        assert HALF not in each
        assert "*" * 7 in each
        assert left in each
    assert HALF not in svg
    places = re.compile(r' x="([0-9.]+)"[^>]*line-0')
    assert places.findall(svg) == places.findall(export(line, "below"))


def test_wide_characters_keep_their_place_and_get_no_space() -> None:
    assert made("[b]💍[/] [red]x[/]💍[b]y[/]").text.endswith("\n💍 x💍y\n")


def test_a_secret_on_the_line_after_its_word_is_one() -> None:
    assert HALF not in made("authorization: Bearer", f"  {HALF}").text


def test_the_names_of_user_and_machine_are_secrets() -> None:
    text = made("cannot read /home/alice/x on box7", names=("alice", "box7")).text
    assert "cannot read /home/*****/x on ****" in text


@pytest.mark.parametrize("exported", ["", "<svg></svg>", "<svg ><text>password=x</text></svg>"])
def test_what_cannot_be_looked_through_is_not_saved(exported: str) -> None:
    with pytest.raises(WedtuiError, match="not known here"):
        picture_of(exported, CAPTION)


def test_what_would_ask_the_network_is_not_saved() -> None:
    exported = export("x").replace("<defs>", '<defs><image href="https://example.com/x.png"/>')
    with pytest.raises(WedtuiError, match="not known here"):
        picture_of(exported, CAPTION)


def album(folder: Path, *names: str) -> Album:
    return Album(folder / "state" / "pictures", "1.2", lambda: names)


def test_files_are_private_and_never_overwritten(tmp_path: Path) -> None:
    pictures = album(tmp_path)
    said = [pictures.save(export(word), CAPTION) for word in ("one", "two", "three")]
    assert [words.partition(".")[0] for words in said] == [f"saved {STEM}", f"saved {STEM}-2", f"saved {STEM}-3"]
    assert [path.read_text().splitlines()[-1] for path in sorted(pictures.directory.glob("*.txt"))] == [
        "two",
        "three",
        "one",
    ]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in pictures.directory.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(pictures.directory.stat().st_mode) == 0o700


def test_a_name_that_is_half_taken_is_not_used(tmp_path: Path) -> None:
    pictures = album(tmp_path)
    pictures.directory.mkdir(parents=True)
    (pictures.directory / f"{STEM}.txt").write_text("mine")
    assert f"{STEM}-2." in pictures.save(export("x"), CAPTION)
    assert (pictures.directory / f"{STEM}.txt").read_text() == "mine"
    assert not (pictures.directory / f"{STEM}.svg").exists()


def test_the_oldest_pictures_go_and_other_files_stay(tmp_path: Path) -> None:
    pictures = album(tmp_path)
    pictures.directory.mkdir(parents=True)
    kept = pictures.directory / "notes.txt"
    kept.write_text("mine")
    count = MOST_FILES // 2
    for number in range(count):
        for ending in ("svg", "txt"):
            # Their names are of a year to come: a demo's clock says what it likes.
            path = pictures.directory / f"2031{number:04d}T120000Z.{ending}"
            path.write_text("x")
            os.utime(path, (9000 - number, 9000 - number))
    pictures.save(export("x"), CAPTION)
    stems = sorted({path.stem for path in pictures.directory.iterdir() if path != kept})
    assert stems == [STEM, *(f"2031{number:04d}T120000Z" for number in range(count - 1))]
    assert kept.read_text() == "mine"


def test_a_directory_that_is_not_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    with pytest.raises(WedtuiError, match=r"no picture was saved \((File exists|Not a directory)\): see to "):
        album(tmp_path).save(export("x"), CAPTION)


def test_a_link_in_place_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    pictures = album(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").mkdir()
    pictures.directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WedtuiError, match="it is not a directory of yours"):
        pictures.save(export("x"), CAPTION)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_no_room_leaves_nothing_half_written(tmp_path: Path) -> None:
    pictures = album(tmp_path)
    pictures.directory.mkdir(parents=True)
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.tui.test_pictures import album, export, CAPTION\n"
        "from wedtui.errors import WedtuiError\n"
        "exported = export('x')\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        f"    album(Path({str(tmp_path)!r})).save(exported, CAPTION)\n"
        "except WedtuiError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no picture was saved (File too large): see to ")
    assert not list(pictures.directory.iterdir())


def shooting(folder: Path, source: FakeSource | None = None) -> WedtuiApp:
    source = source or source_of()
    return WedtuiApp(lambda: source, MovableClock(), theme="midnight", album=album(folder, "alice", "aws"))


def test_the_key_saves_what_stands_on_the_screen(tmp_path: Path) -> None:
    async def walk() -> None:
        evil = replace(TROUBLED[1].signals[0], problem=f"401 of https://me:{HALF}@m.example.com for alice")
        sick = replace(TROUBLED[1], signals=(evil, *TROUBLED[1].signals[1:]))
        app = shooting(tmp_path, source_of((TROUBLED[0], sick)))
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("down", "enter")
            await until(pilot, lambda: HALF in screen_text(app))
            stood = screen_text(app)
            await pilot.press("S")
            await until(pilot, lambda: f"saved {STEM}.svg and .txt in " in screen_text(app))
        text = (tmp_path / "state" / "pictures" / f"{STEM}.txt").read_text()
        svg = (tmp_path / "state" / "pictures" / f"{STEM}.svg").read_text()
        assert text.splitlines()[0] == "wedtui 1.2 · production · provider · 2026-06-20 12:00:05 UTC"
        hidden = stood.replace(f"me:{HALF}", "*" * len(f"me:{HALF}")).replace("alice", "*****")
        assert [line.rstrip() for line in text.splitlines()[3:]] == hidden.splitlines()
        assert HALF not in svg
        assert "alice" not in svg

    run(walk())


def test_no_secret_stands_in_the_title_of_a_picture(tmp_path: Path) -> None:
    async def walk() -> None:
        app = shooting(tmp_path, source_of(environment=f"password={HALF}"))
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("S")
            await until(pilot, lambda: f"saved {STEM}.svg and .txt in " in screen_text(app))
        for kind in ("svg", "txt"):
            assert HALF not in (tmp_path / "state" / "pictures" / f"{STEM}.{kind}").read_text().casefold()

    run(walk())


def test_what_cannot_be_saved_is_said_and_the_dashboard_goes_on(tmp_path: Path) -> None:
    async def walk() -> None:
        (tmp_path / "state").write_text("a file where the directory should be")
        app = shooting(tmp_path)
        async with driven(app) as pilot:
            await pilot.press("S")
            await until(pilot, lambda: "no picture was saved (" in screen_text(app))
            await pilot.press("w")
            await until(pilot, lambda: "what is wrong" in screen_text(app))

    run(walk())


def test_a_watched_object_is_shown_although_the_user_is_called_the_same(tmp_path: Path) -> None:
    async def walk() -> None:
        app = shooting(tmp_path)
        async with driven(app) as pilot:
            await pilot.press("S")
            await until(pilot, lambda: "saved" in screen_text(app))
        text = (tmp_path / "state" / "pictures" / f"{STEM}.txt").read_text()
        assert "■ CRITICAL  aws" in text

    run(walk())


def test_without_a_place_for_pictures_that_is_said() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await pilot.press("S")
            await until(pilot, lambda: "there is no directory for them" in screen_text(app))

    run(walk())
