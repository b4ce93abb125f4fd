"""The page of a comparison: what it answers, that its numbers add up, and that a browser and a phone can show it."""

import json
import re
from dataclasses import replace

import pytest
from browser import PROGRAM, Browser
from click.testing import CliRunner
from test_page import NASTY
from test_page_browser import pixels

from bt_pdt.cli import cli
from bt_pdt.comparison import Comparison, compare, compare_folders, page, words
from bt_pdt.comparison.runs import Run
from bt_pdt.results.page.page_data import POINTS

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine (apt-get install chromium)")


@pytest.fixture(scope="module")
def found(strategies, short_data):
    """Six sessions of the two symbols, $24,000: some orders refused, a position stuck."""
    return compare(strategies / "sma_cross_intraday.py", short_data, cash=24_000, symbols=["IDXE"])


@pytest.fixture(scope="module")
def view(found):
    return page.view(found)


@pytest.fixture(scope="module")
def file(found, tmp_path_factory):
    return found.to_html(tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


def dollars(text):
    return float(text.replace("$", "").replace(",", ""))


def test_it_answers_first(found, view):
    best = max((run for run in found.runs if not run.off), key=lambda run: run.profit)
    assert view["answer"][0].startswith(f"{words.MODE_NAMES[best.name]} suit") or words.MODE_NAMES[best.name] in view["answer"][0]
    text = " ".join(view["answer"])
    assert "6 sessions are too few to say" in text and "Refused: " in text
    assert re.search(r"Against the rules off \(which (made|lost) [^)]+\), the rules under Block on Entry (spared|cost) (\$|nothing)", text)
    row = found.table.loc["exit"]
    assert f"Block on Exit {row.refused:,} of {row.orders:,} orders ({row.exits_refused:,} of them to close)" in text


def test_cost_adds_up_and_every_refusal_is_counted(found, view):
    assert len(view["cost"]["lanes"]) == 3
    for lane in view["cost"]["lanes"]:
        parts = sum(dollars(amount) for _, amount in lane["parts"])
        assert parts == pytest.approx(dollars(lane["whole"]), abs=0.001) == pytest.approx(found.cost_of[lane["name"]].whole, abs=0.001)
        off, under = map(dollars, lane["profits"])
        assert off - under == pytest.approx(parts, abs=0.001)
        scale = [width / abs(dollars(amount)) for _, _, width, amount in lane["boxes"] if abs(dollars(amount)) > 1]
        assert max(scale, default=1.0) == pytest.approx(min(scale, default=1.0), rel=0.1)
    counted = dict.fromkeys(found.names, 0)
    for row in view["refused"]:
        for name, count, _ in row["counts"]:
            counted[name] += int(count.replace(",", ""))
    assert counted == found.table["refused"].to_dict()
    assert view["nights_total"] == len(found.stuck) > 0
    assert sum(dollars(n["pnl"].replace("+", "")) for n in view["nights"] if n["pnl"] != "-") == pytest.approx(
        found.stuck["pnl"].sum(), abs=0.1
    )


def test_the_first_divergence_has_both_accounts(found, view):
    assert [one["b"] for one in view["parted"]] + view["alike"] == ["entry", "exit", "both"]
    for one in view["parted"]:
        assert one["sentence"] == found.first_divergence("off", one["b"]).sentence
        state = {name: (a, b) for name, a, b, _ in one["state"]}
        assert state["equity"][0].startswith("$") and len(state) == 11
        assert len(one["table"]) == min(one["total"], page.PARTED) and all(len(row) == 5 for row in one["table"])


def test_the_lines_meet_the_equity(found, view):
    chart = view["chart"]
    ends = [end - 1 for end in chart["ends"]]
    for line, run in zip(chart["lines"], found.runs, strict=True):
        at = dict(zip(chart["at"], line["equity"], strict=True))
        assert [at[end] for end in ends] == [round(float(run.result.values[end]), 2) for end in ends]
    assert chart["lines"][0]["distance"] is None and len(chart["at"]) < 2 * POINTS


def test_words_of_one_mode_one_law_and_no_difference(found):
    def verdict(*names):
        return " ".join(words.verdict(Comparison([found[name] for name in names], found.bars)))

    assert re.match(
        r"Block on Exit (made|lost) \$[\d,.]+, \$[\d,.]+ (more|less) than with the rules off\. 6 sessions are too few",
        verdict("off", "exit"),
    )
    twins = [Run(f"exit {k}", replace(found["exit"].result)) for k in range(words.MANY)]
    assert "is in the table" in " ".join(words.verdict(Comparison([found["off"], *twins], found.bars)))
    same = Run("exit", replace(found["off"].result, manifest=found["exit"].result.manifest))
    assert len(words.verdict(Comparison([found["off"], same], found.bars))) == 3  # as much as with the rules off: no talk of chance
    twin = Run("exit 2", replace(found["exit"].result))
    told = words.verdict(Comparison([found["exit"], twin], found.bars))
    assert told[0].startswith("Block on Exit and exit 2 come to the same for this strategy: each ")
    alone = Comparison([found["off"]], None)
    assert words.verdict(alone)[-1] == "No order was refused." and "rules off" in page.view(alone)["no_cost"]
    assert "none of the runs has the rules off" in page.view(Comparison([found["exit"], found["both"]], found.bars))["no_cost"]
    assert words.plural(1, "session") == "1 session" and words.listed(["a", "b", "c"]) == "a, b and c"


def test_user_text_is_text(found):
    nasty = Comparison([Run(NASTY if run.name == "exit" else run.name, run.result) for run in found.runs[:3]], found.bars)
    text = page.html(nasty, title=NASTY)
    assert "<img src=x" not in text and text.count("</script>") == 5 and "{{ 7*7 }}" in text


@pytest.mark.long
def test_the_command_and_the_folder(strategies, short_data, tmp_path):
    out, single = tmp_path / "c", tmp_path / "one.html"
    arguments = [strategies / "sma_cross_intraday.py", "--data", short_data, "--symbols", "IDXE", "--cash", "24000", "--modes", "off,exit"]
    done = CliRunner().invoke(
        cli, ["compare", *map(str, arguments), "--to", "2025-12-23", "--out", str(out), "--html", str(single), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["html"] == str(single)
    assert (out / "report.html").read_bytes() == single.read_bytes() and len(single.read_bytes()) < 500_000
    again = compare_folders([out / "off", out / "exit"])
    assert "without their bars" in page.html(again)
    again.save(out)  # a former comparison's folder is its own
    assert not (tmp_path / "none").exists()
    bad = CliRunner().invoke(cli, ["compare", *map(str, arguments), "--html", str(tmp_path / "none" / "x.html")])
    assert bad.exit_code != 0 and "there is no folder" in str(bad.exception or bad.output)


@needs_browser
def test_it_loads_alone_switches_and_adds_up(browser, file, found):
    browser.open(file)
    assert browser.errors == [] and browser.requests == [file.as_uri()] and file.stat().st_size < 1_000_000
    assert browser.ask("document.querySelectorAll('.overlay polyline').length") == 4 + 3
    shown = "[...document.querySelectorAll('article.run')].findIndex(run => !run.hidden)"
    assert browser.ask(shown) == 0
    browser.ask("document.querySelector('[data-pick=\"2\"]').click()")
    assert browser.ask(shown) == 2
    browser.ask("document.querySelectorAll('button.variant')[3].click()")
    assert browser.ask(shown) == 3 and browser.ask("document.querySelectorAll('article.run')[3].querySelectorAll('polyline').length") == 1
    rows = browser.ask(
        "[...document.querySelectorAll('table.costs tbody tr')].map(row => [row.querySelector('th').textContent,"
        " [...row.querySelectorAll('.part')].map(cell => cell.textContent), row.querySelector('.whole').textContent])"
    )
    for name, parts, whole in rows:
        assert (
            sum(map(dollars, parts)) == pytest.approx(dollars(whole), abs=0.001) == pytest.approx(found.table.loc[name, "cost"], abs=0.001)
        )
    # the picture answers to the keyboard
    browser.ask("document.querySelector('.overlay').focus()")
    browser.key("ArrowRight")
    told = browser.ask("document.querySelector('.overlay .reading').textContent")
    assert told.startswith("2025-12-22") and "exit: $" in told
    browser.ask("document.querySelector('.overlay [data-zoom=in]').click()")
    assert browser.errors == [] and browser.pdf().startswith(b"%PDF")


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1200, True)])
def test_phone_and_dark(browser, file, width, dark):
    browser.open(file, width=width, height=800, dark=dark)
    browser.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.ask("document.documentElement.scrollWidth") <= width
    beyond = "[...document.querySelectorAll('.comparison td, .comparison th, .comparison svg')].filter(cell => cell.offsetParent"
    if width == 390:
        assert browser.ask(f"{beyond} && cell.getBoundingClientRect().right > 391 && !cell.closest('thead')).length") == 0
    seen = pixels(browser.screenshot())
    corner = seen[2, 2].mean()
    assert (corner < 60) if dark else (corner > 240)
    assert (abs(seen - seen[2, 2]).sum(axis=2) > 120).mean() > 0.02
