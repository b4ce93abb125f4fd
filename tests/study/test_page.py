"""The page as text: what it says, what it escapes, how large it gets."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from bt_pdt.commands.run import run
from bt_pdt.core.decisions import Reason, WouldPass
from bt_pdt.core.errors import BadInput
from bt_pdt.core.journal import OrderEntry
from bt_pdt.results import explained
from bt_pdt.results.page import page, page_data

NASTY = '</script><img src=x onerror="alert(1)">\'&\u2028{{ 7*7 }}'


@pytest.fixture(scope="module")
def text(result):
    return page.html([("exit", result)])


def blocks(text):
    return [json.loads(found) for found in re.findall(r'<script type="application/json" class="data">(.*?)</script>', text, re.S)]


def many(result, count):
    """The run with so many refusals: the first one again, each on another symbol."""
    first = next(e for e in result.journal if isinstance(e, OrderEntry) and not e.decision.accepted)
    start = datetime.combine(first.session, datetime.min.time()) + timedelta(hours=10)
    entries = [
        first._replace(at=start + timedelta(milliseconds=k), request=replace(first.request, symbol=f"S{k}", id=f"m{k}"))
        for k in range(count)
    ]
    return replace(result, journal=(*result.journal, *entries))


def test_the_headline_says_what_happened(text):
    assert (
        "Made $1,775.98 (+7.25%) with $24,500 in 40 sessions at alpaca. 168 of 396 orders were refused, 168 of them to close a position;"
        in text
    )
    assert "24 positions were kept overnight because of that." in text
    assert "<strong>Mind:</strong> the bars are SYNTHETIC" in text


def test_the_page_stands_alone_and_is_small(text):
    assert len(text) < 250_000
    assert not re.search(r"<(link|script|img|iframe)[^>]*(src|href)=\"(?!data:)", text) and "@import" not in text and "url(http" not in text
    assert "default-src 'none'" in text


def test_refusals_of_the_same_kind_are_one_with_their_count(result, text):
    groups = explained.refusals(result)
    assert len(groups) == 24 and sum(one.times for one in groups) == 168
    assert (groups[0].times, groups[0].last) == (7, datetime(2026, 5, 8, 16, 0))
    rows = blocks(text)[0]["refusals"]
    first = rows["rows"][0]
    assert (first["at"], first["times"], first["last"], first["pass"]) == (
        "2026-05-08 10:08", 7, "2026-05-08 16:00", "nothing of it now; all of it on 2026-05-11",
    )  # fmt: skip
    assert first["facts"] == [["last equity", "24,337.45"], ["daytrade count", "3"], ["potential", "1"], ["required", "25,000"]]
    assert json.loads(rows["bodies"][first["body"]]) == {"code": 40310100, "message": "trade denied due to pattern day trading protection"}
    rule, title, href = rows["rules"][first["rule"]]
    assert rule == "pdt_day_trades_threshold (in force since 2001-09-28)" and title and href.startswith("https://")


def test_what_would_have_passed_in_words():
    day = datetime(2026, 5, 11).date()
    assert explained.would_pass(WouldPass(0.0, None), 10) == "nothing of it now; all of it on no known day"
    assert explained.would_pass(WouldPass(1.0, day), 10) == "up to 1 share now; all of it on 2026-05-11"
    assert explained.would_pass(WouldPass(10.0, day), 10) == "up to 10 shares now"


def test_marks_lie_on_the_equity(result, text):
    chart = blocks(text)[0]["chart"]
    assert len(chart["marks"]) == 24 and sum(mark[4] for mark in chart["marks"]) == 168
    for bar, value, *_ in chart["marks"]:
        assert value == round(result.values[bar], 2)
    assert chart["reasons"] == ["PDT_COUNT"] and chart["switch"] == 19 and chart["days"][19] == "2026-06-04"
    assert chart["allowed"] == 3 and chart["trades"][19] is None and chart["counts"][18:20] == [1, 0]


def test_the_line_keeps_first_lowest_highest_and_last():
    values = np.zeros(100_000)
    values[[12_345, 77_777]] = [-5.0, 9.0]
    kept = page_data.thinned(values)
    assert len(kept) <= page_data.POINTS and {0, 12_345, 77_777, 99_999} <= set(kept.tolist())
    assert page_data.thinned(np.zeros(5)).tolist() == [0, 1, 2, 3, 4]


def test_calls_tell_their_clock_and_what_met_them(called):
    text = page.html([("fall", called)])
    assert "c1: maintenance call for" in text and '<span class="soft">due</span>' in text and "sold by the brokerage for $" in text
    spans = blocks(text)[0]["chart"]["spans"]
    assert [(span["kind"], span["id"]) for span in spans] == [("maintenance", "c1"), ("maintenance", "c2")]
    assert "maintenance margin $" in spans[0]["lines"][0] and "due " in spans[0]["lines"][1]


def test_rules_of_each_regime_with_their_sources(text):
    assert (
        "Rules in force on 2026-05-07: pattern day trader regime" in text and "What changed on 2026-06-04: intraday margin regime" in text
    )
    row = re.search(r"<tr><td><code>pdt_min_equity</code>.*?</tr>", text, re.S).group()
    assert "$25,000" in row and 'href="https://' in row


def test_whatever_a_user_named_stays_text(result):
    first = next(e for e in result.journal if isinstance(e, OrderEntry) and not e.decision.accepted)
    entry = first._replace(request=replace(first.request, symbol=NASTY), decision=replace(first.decision, why=NASTY, message=NASTY))
    manifest = dict(result.manifest) | {"strategy": {"class": NASTY, "file": NASTY, "parameters": {NASTY: NASTY}}}
    nasty = replace(result, journal=(*result.journal, entry), manifest=manifest, warnings=(NASTY,))
    text = page.html([(NASTY, nasty), ("b", result)], extra_sections=[page.Section(NASTY, [NASTY], [NASTY], [[NASTY]])])
    assert "<img src=x" not in text and "{{ 7*7 }}" in text and "49" not in re.sub(r"[\d.,]*49[\d.,]*", "", text)
    assert len(re.findall("</script>", text)) == 3 and len(blocks(text)) == 2
    assert blocks(text)[0]["refusals"]["rows"][-1]["symbol"] == NASTY or any(
        r["symbol"] == NASTY for r in blocks(text)[0]["refusals"]["rows"]
    )
    assert "\u2028" not in "".join(re.findall(r'<script type="application/json".*?</script>', text, re.S))


def test_thousands_of_refusals_keep_the_page_small(result):
    """A reason that is rare among them is explained all the same."""
    crowd = many(result, 5_000)
    rare = crowd.journal[-1]._replace(decision=replace(crowd.journal[-1].decision, reason=Reason.WASH))
    text = page.html([("many", replace(crowd, journal=(*crowd.journal[:-1], rare)))])
    told = blocks(text)[0]["refusals"]["rows"]
    assert len(told) == page_data.EXPLAINED and sum(row["reason"] == "WASH" for row in told) == 1
    assert "1,500 of 5,024 different refusals are explained here" in text and len(text) < 1_500_000


def test_several_results_and_sections(result, called):
    section = page.Section("What it costs", ["One sentence."], ["variant", "cost"], [["exit", "$1"]], called.figure(), "equity of both")
    text = page.html([("exit", result), ("fall", called)], title="Both", extra_sections=[section])
    assert text.count('<article class="run"') == 2 and text.count('class="variant"') == 2 and "<title>Both</title>" in text
    assert "<h2>What it costs</h2>" in text and '<img src="data:image/png;base64,' in text and 'alt="equity of both"' in text
    with pytest.raises(BadInput, match="at least one result"):
        page.html([])


def test_places_that_cannot_be_written(result, tmp_path):
    with pytest.raises(BadInput, match="is a folder; name a file, like"):
        result.to_html(tmp_path)
    with pytest.raises(BadInput, match="there is no folder"):
        result.to_html(tmp_path / "none" / "report.html")
    assert result.to_html(tmp_path / "report.html") == tmp_path / "report.html"


def test_the_command_writes_it(data, strategies, tmp_path):
    target = tmp_path / "r.html"
    args = [str(strategies / "opening_range_breakout.py"), "--data", str(data), "--to", "2026-05-12", "--html", str(target)]
    done = CliRunner().invoke(run, [*args, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and f"wrote {target}" in done.output, done.output
    assert target.read_text(encoding="utf-8") == (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    bad = CliRunner().invoke(run, [*args[:-1], str(tmp_path / "none" / "r.html")])
    assert isinstance(bad.exception, BadInput) and "there is no folder" in str(bad.exception)


def test_a_page_of_a_run_without_bars_or_manifest():
    from bt_pdt.results import Result

    empty = Result((), np.zeros(0, "datetime64[us]"), np.zeros(0), (), 10_000.0)
    assert "No order was sent." in page.html([("empty", empty)])


def test_warnings_of_the_run_come_before_those_of_a_symbol(result):
    warned = replace(result, warnings=("IDXE: a.", "LRGE: b.", "IDX3: c.", "IDXE: d.", "daily bars."))
    text = page.html([("exit", warned)])
    assert text.index("daily bars.") < text.index("IDXE: a.") and "<summary>2 more to mind</summary>" in text


def test_refusals_that_are_not_explained_share_a_mark(result):
    """Of 5,024 different ones 1,500 are explained; the 5,000 new ones are of a few bars and one reason."""
    marks = blocks(page.html([("many", many(result, 5_000))]))[0]["chart"]["marks"]
    assert sum(mark[4] for mark in marks) == 168 + 5_000
    assert len(marks) < page_data.EXPLAINED + 60
