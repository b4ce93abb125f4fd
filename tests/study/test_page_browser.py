"""The page in a real browser: it loads by itself, filters, sorts, opens, prints, and fits a phone."""

import io
from itertools import pairwise

import numpy as np
import pytest
from browser import PROGRAM, Browser
from PIL import Image
from test_page import NASTY, many

from bt_pdt.results.page import page

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def mixed(three):
    """Everything on every signal: the leveraged fund lacks buying power, and then the day trades are counted."""
    sized = {"sizer": "PercentOfEquity(percent=100)", "params": {"fast": 10, "slow": 30}}
    return three("signal_follower", cash=25_500, block_on="entry", todate="2026-05-13", **sized)


@pytest.fixture(scope="module")
def files(result, called, mixed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    section = page.Section(NASTY, [NASTY], ["variant", "cost"], [["exit", NASTY]])
    return {
        "run": result.to_html(folder / "run.html"),
        "mixed": mixed.to_html(folder / "mixed.html"),
        "calls": called.to_html(folder / "calls.html"),
        "two": page.write(folder / "two.html", [("exit", result), (NASTY, called)], extra_sections=[section]),
        "many": page.write(folder / "many.html", [("many", many(result, 5_000))]),
    }


def pixels(png):
    """A screenshot as an array of red, green and blue."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int64)


@pytest.mark.parametrize("name", ["run", "calls", "two", "many"])
def test_it_loads_without_errors_and_without_network(browser, files, name):
    browser.open(files[name])
    assert browser.errors == [] and browser.requests == [files[name].as_uri()]
    assert browser.ask("document.querySelectorAll('.drawing svg polyline').length") == 1


def test_the_filter_filters(browser, files, mixed):
    browser.open(files["mixed"])
    reasons = "[...new Set([...document.querySelectorAll('tr.one td:nth-child(4)')].map(cell => cell.textContent))]"
    assert sorted(browser.ask(reasons)) == sorted(set(mixed.refusals["reason"])) == ["BUYING_POWER", "PDT_COUNT"]
    browser.ask("document.querySelector('[data-reason=BUYING_POWER]').click()")
    assert browser.ask(reasons) == ["BUYING_POWER"]
    assert browser.ask("document.querySelector('[data-reason=BUYING_POWER]').getAttribute('aria-pressed')") == "true"
    rows = browser.ask("document.querySelectorAll('tr.one').length")
    assert browser.ask("document.querySelector('.shown').textContent") == f"{rows} of {rows} shown"
    browser.ask("document.querySelector('[data-reason=PDT_COUNT]').click()")
    assert browser.ask("document.querySelectorAll('tr.one').length") != rows


def test_sorting_sorts_both_ways(browser, files):
    browser.open(files["run"])
    column = "[...document.querySelectorAll('tr.one td:nth-child(2)')].map(cell => cell.textContent)"
    browser.ask("document.querySelectorAll('table.refusals th button')[1].click()")
    up = browser.ask(column)
    assert all(a <= b for a, b in pairwise(up)) and len(set(up)) == 3
    assert browser.ask("document.querySelectorAll('table.refusals th')[1].getAttribute('aria-sort')") == "ascending"
    browser.ask("document.querySelectorAll('table.refusals th button')[1].click()")
    assert all(a >= b for a, b in pairwise(browser.ask(column)))


def test_a_refusal_opens_with_its_explanation_by_keyboard_too(browser, files):
    browser.open(files["run"])
    browser.ask("document.querySelector('.open-row').click()")
    told = browser.ask("document.querySelector('tr.explained').innerText")
    for words in (
        "3 day trades in the last 5 business days",
        "HTTP 403",
        "40310100",
        "pdt_day_trades_threshold",
        "2026-05-11",
        "Asked again 6 times",
    ):
        assert words in told
    assert browser.ask("document.querySelector('.open-row').getAttribute('aria-expanded')") == "true"
    assert browser.ask("document.querySelector('tr.explained a').href").startswith("https://")
    browser.ask("document.querySelector('.open-row').click()")
    assert browser.ask("document.querySelector('tr.explained')") is None
    # the picture: the second session has refusals, Enter opens the first of them
    browser.ask("document.querySelector('.chart').focus()")
    browser.key("ArrowRight")
    browser.key("ArrowRight")
    assert "2026-05-08" in browser.ask("document.querySelector('.reading').textContent")
    browser.key("Enter")
    assert browser.ask("document.querySelector('tr.explained').previousSibling.dataset.k") == "0"


def centre(browser, selector, k=0):
    return browser.ask(
        f"(() => {{ const r = document.querySelectorAll('{selector}')[{k}].getBoundingClientRect();"
        " return [r.x + r.width / 2, r.y + r.height / 2] })()"
    )


def test_pointing_at_a_mark_tells_the_answer_and_clicking_opens_it(browser, files):
    browser.open(files["run"])
    browser.mouse("mouseMoved", *centre(browser, ".mark"))
    told = browser.ask("document.querySelector('.tip').innerText")
    assert "403 PDT_COUNT" in told and "40310100" in told and "would have passed" in told
    browser.click(*centre(browser, ".mark"))
    assert browser.ask("document.querySelectorAll('tr.explained').length") == 1


def test_dragging_and_the_buttons_zoom(browser, files):
    browser.open(files["run"])
    marks = "document.querySelectorAll('.mark').length"
    before = browser.ask(marks)
    x, y = centre(browser, ".drawing")
    browser.mouse("mousePressed", x + 50, y, button="left", clickCount=1)
    browser.mouse("mouseMoved", x + 250, y, button="left")
    browser.mouse("mouseReleased", x + 250, y, button="left", clickCount=1)
    assert browser.ask(marks) == 0 < before  # the new rules refuse nothing
    browser.ask("document.querySelector('[data-zoom=all]').click()")
    assert browser.ask(marks) == before


def test_a_call_tells_its_numbers(browser, files):
    browser.open(files["calls"])
    browser.mouse("mouseMoved", *centre(browser, ".drawing rect[rx]"))
    told = browser.ask("document.querySelector('.tip').innerText")
    assert "maintenance (c1)" in told and "due 20" in told and "maintenance margin $" in told


def test_variants_switch_and_nothing_of_theirs_runs(browser, files):
    browser.open(files["two"])
    shown = "[...document.querySelectorAll('article.run')].map(run => !run.hidden)"
    assert browser.ask(shown) == [True, False]
    browser.ask("document.querySelectorAll('button.variant')[1].click()")
    assert browser.ask(shown) == [False, True]
    assert browser.ask("document.querySelectorAll('article.run')[1].querySelectorAll('polyline').length") == 1
    assert browser.ask("document.querySelectorAll('img').length") == 0 and browser.errors == []


@pytest.mark.parametrize("name", ["run", "calls", "two", "many"])
def test_a_phone_scrolls_down_only(browser, files, name):
    browser.open(files[name], width=390, height=844)
    browser.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    browser.ask("(document.querySelector('.open-row') || document.body).click()")
    assert browser.ask("document.documentElement.scrollWidth") <= 390
    assert browser.ask("document.querySelector('.drawing svg').getBoundingClientRect().right") <= 390


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_are_drawn(browser, files, dark):
    browser.open(files["run"], width=800, height=600, dark=dark)
    seen = pixels(browser.screenshot())
    corner, colours = seen[2, 2].mean(), len(np.unique(seen.reshape(-1, 3), axis=0))
    assert (corner < 60) if dark else (corner > 240)
    assert colours > 100 and (np.abs(seen - seen[2, 2]).sum(axis=2) > 120).mean() > 0.02
    # text stands out: WCAG asks for 4.5
    contrast = """(() => {
      const linear = (value) => value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      const light = (text) => { const [r, g, b] = text.match(/[0-9.]+/g).map(linear);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b };
      const paper = light(getComputedStyle(document.body).backgroundColor);
      return ['body', '.soft', 'a[href^=http]', '.open-row'].map(name => {
        const ink = light(getComputedStyle(document.querySelector(name)).color);
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) });
    })()"""
    assert min(browser.ask(contrast)) >= 4.5


def test_thousands_of_refusals_are_quick(browser, files):
    browser.open(files["many"])
    assert browser.ask("document.querySelectorAll('tr.one').length") == 100
    click = "document.querySelectorAll('table.refusals th button')[3].click()"
    took = f"(() => {{ const from = performance.now(); {click}; return performance.now() - from }})()"
    assert browser.ask(took) < 1_000
    browser.ask("document.querySelector('.show-more').click()")
    assert browser.ask("document.querySelectorAll('tr.one').length") == 600


def test_the_sessions_are_listed_when_they_are_opened(browser, files):
    browser.open(files["run"])
    browser.ask(
        "new Promise(done => { const one = document.querySelector('details.sessions');"
        " one.addEventListener('toggle', () => setTimeout(done, 50)); one.open = true })"
    )
    assert browser.ask("document.querySelectorAll('details.sessions tbody tr').length") == 40
    heads = browser.ask("[...document.querySelectorAll('details.sessions th')].map(head => head.textContent)")
    assert heads[:2] == ["session", "equity"] and heads[-1] == "refused"


def test_it_prints(browser, files):
    browser.open(files["run"])
    assert browser.pdf().startswith(b"%PDF") and browser.errors == []


def test_without_script_the_numbers_are_there(browser, files):
    browser.open(files["run"], script=False)
    browser("Emulation.setScriptExecutionDisabled", value=False)
    assert "168 of 396" in browser.ask("document.body.innerText")
