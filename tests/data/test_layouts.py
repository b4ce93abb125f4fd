"""Property: a file in any layout loads as the bars it was made from, or something is said; a wrong reading is never silent."""

import os

import numpy as np
import pytest
from made_layouts import any_layout

from bt_pdt.bars import load

#: findings that speak of the reading
ABOUT = {"zone", "stamp", "date", "off_session", "off_hours"}


def silent(folder, seed):
    """What is wrong with the file of ``seed`` and was not said; None if nothing is."""
    made = any_layout(seed)
    path = folder / "XYZ.csv"
    path.write_text(made.text)
    bars = load(path)
    found = bars.arrays("XYZ")
    same = len(found.close) == len(made.close) and bool((found.datetimes == made.ends).all())
    same = same and np.allclose(found.close, made.close) and np.allclose(found.volume, made.volume)
    kinds = {finding.kind for finding in bars.report.findings}
    if same:
        return f"accused {kinds}: {made.about}" if kinds - {"gap", "date"} else None
    return None if kinds & ABOUT else f"{made.about}: {bars.detected_format}"


@pytest.mark.parametrize("tens", range(6))
def test_no_layout_is_read_wrongly_in_silence(tmp_path, tens):
    wrong = [said for seed in range(tens * 20, tens * 20 + 20) if (said := silent(tmp_path, seed))]
    assert wrong == []


#: Two thousand files in the checks; BT_PDT_LAYOUTS=100 makes ten thousand of them.
HUNDREDS = int(os.environ.get("BT_PDT_LAYOUTS", "20"))


@pytest.mark.long
@pytest.mark.parametrize("hundreds", range(HUNDREDS))
def test_no_layout_of_thousands_is_read_wrongly_in_silence(tmp_path, hundreds):
    wrong = [said for seed in range(20_000 + hundreds * 100, 20_100 + hundreds * 100) if (said := silent(tmp_path, seed))]
    assert wrong == []
