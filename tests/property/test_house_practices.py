"""Random histories at brokerages with practices of their own: restrictions begin and end as the journal tells, and a close shows what is next."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from histories import long_history, played
from test_obligations import Player

from bt_pdt.account.account import Account
from bt_pdt.account.call_book import Restriction
from bt_pdt.core import sessions
from bt_pdt.core.journal import RestrictionEntry


def of_calls(account: Account) -> list[Restriction]:
    return [r for r in account.restrictions if r.rule != "pdt_min_equity"]


@pytest.mark.parametrize("seed", range(100, 103))
@pytest.mark.parametrize("firm", ["fidelity", "public", "robinhood", "sofi", "tradestation", "webull"])
def test_restrictions_of_house_practices(firm: str, seed: int) -> None:
    history = long_history(seed)
    history[0] = {k: v for k, v in history[0].items() if k not in ("pdt_check", "dtbp_check")} | {"brokerage": firm}
    player = Player()
    for event in list(played(history, Player())):
        player.play(event)
        account = player.account
        assert all(r.until is None or r.start <= r.until for r in account.restrictions)
        if event["event"] == "close":
            twin = account.fork()
            twin.roll_to(sessions.next_session(account.session))
            if twin.regime == account.regime:
                assert (account.calls, of_calls(account)) == (twin.calls, of_calls(twin))
    on: set[tuple[str, str]] = set()
    for entry in player.account.journal:
        if isinstance(entry, RestrictionEntry):
            assert ((entry.kind, entry.why) in on) != entry.on, entry
            (on.add if entry.on else on.remove)((entry.kind, entry.why))
    assert on == {(r.kind, r.why) for r in player.account.restrictions if r.holds_on(player.account.session)}
