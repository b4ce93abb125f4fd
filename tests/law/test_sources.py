"""Sources a reader can believe: every value of the law at an official address, every value of a firm at the firm's own, never a bare domain."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bt_pdt.law import Since, Source, law
from bt_pdt.law.brokerages import NAMES, brokerage, rulebook_for
from bt_pdt.law.rulebook import HOW

#: Where the law is published.
OFFICIAL = {"www.finra.org", "www.ecfr.gov", "www.govinfo.gov", "www.federalreserve.gov", "www.sec.gov", "www.federalregister.gov"}
#: The hosts of each firm's own pages; the bare law's are those of the law.
OWN = {name: set(brokerage(name).hosts) or OFFICIAL for name in NAMES}
READINGS = "docs/readings.md"


def of_the_law() -> Iterator[tuple[str, Since]]:
    for name, parameter in law().parameters.items():
        for entry in parameter.history:
            yield name, entry


def judge(source: Source, hosts: set[str]) -> None:
    """A source of the law or of a firm whose pages lie on ``hosts``."""
    assert source.title and source.how in HOW
    assert "(copy)" not in source.title and "transcription" not in source.title, "how it was read is not part of its title"
    if not source.href:
        return
    if source.href == READINGS:
        assert source.how == "reading"
        return
    address = urlsplit(source.href)
    assert address.scheme == "https" and not address.query
    assert address.netloc in hosts, f"{source.href} is no page of theirs"
    assert address.path.strip("/"), f"{source.href} is a bare domain"


@pytest.mark.parametrize(("name", "entry"), list(of_the_law()), ids=lambda value: value if isinstance(value, str) else str(value.day))
def test_the_law_is_cited_at_an_official_address(name: str, entry: Since) -> None:
    judge(entry.source, OFFICIAL)
    assert entry.source.href, "a value of the law has an address, or is a reading of ours"
    assert entry.source.how != "user"


@pytest.mark.parametrize("firm", NAMES)
def test_a_firm_is_cited_at_its_own_address(firm: str) -> None:
    for name, history in brokerage(firm).overrides.items():
        for entry in history:
            try:
                judge(entry.source, OWN[firm])
            except AssertionError as wrong:
                raise AssertionError(f"{firm} {name} since {entry.day}: {wrong}") from None


@pytest.mark.parametrize("firm", NAMES)
def test_every_value_in_force_says_how_it_was_read(firm: str) -> None:
    for name, parameter in rulebook_for(firm).parameters.items():
        for entry in parameter.history:
            assert entry.source.how in HOW, name
            if entry.source.how == "quotation" and firm != "alpaca" and name in brokerage(firm).overrides:
                assert not entry.source.href, f"{name}: a page that was not read has no address of ours to send a reader to"
            if entry.not_before is not None:
                assert entry.not_before < entry.day, name
