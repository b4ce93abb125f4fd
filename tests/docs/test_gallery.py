"""The gallery: every picture is there, small, on its page, and one is made anew."""

from __future__ import annotations

from pathlib import Path

import make_gallery
import pytest


def test_the_page_shows_every_picture() -> None:
    assert make_gallery.page() == make_gallery.PAGE.read_text(encoding="utf-8"), "run python docs/make_gallery.py"


def test_every_picture_is_there_and_the_gallery_is_small() -> None:
    files = {path.stem: path.stat().st_size for path in make_gallery.FOLDER.glob("*.png")}
    assert files.keys() == make_gallery.PICTURES.keys()
    assert sum(files.values()) < 600_000


def test_a_picture_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_gallery, "FOLDER", tmp_path / "gallery")
    monkeypatch.setattr(make_gallery, "PAGE", tmp_path / "gallery.md")
    make_gallery.PAGE.write_text("# G\n\n<!-- gallery -->\n<!-- /gallery -->\n", encoding="utf-8")
    assert make_gallery.main(["--only", "buying-power-of-a-day"]) == 0
    made = (tmp_path / "gallery" / "buying-power-of-a-day.png").read_bytes()
    assert made.startswith(b"\x89PNG") and len(made) < 100_000
    assert "(gallery/two-regimes.png)" in make_gallery.PAGE.read_text(encoding="utf-8")


def test_an_unknown_picture_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_gallery.main(["--only", "nothing"]) == 2
    assert capsys.readouterr().err.startswith("there is no picture 'nothing'; there are ")
