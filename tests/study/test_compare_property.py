"""Whatever a strategy does: the cost adds up to the cent, nothing is left over, and a replayed account answers as the real one did."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import backtrader as bt
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_bars import Plan, days, minutes

from bt_pdt.bars.model import Bars, SymbolBars
from bt_pdt.comparison import compare
from bt_pdt.comparison.moments import account_before
from bt_pdt.core import sessions
from bt_pdt.core.decisions import Rejected
from bt_pdt.core.journal import OrderEntry


def wild_bars(seed: int, first: str, count: int, swing: float) -> Bars:
    """Half-hour bars of three symbols that jump about, the third of them cheap and with bars missing."""
    dice = np.random.default_rng(seed)
    day, made = date.fromisoformat(first), {}
    stamps = []
    for _ in range(count):
        stamps += [datetime.combine(day, sessions.REGULAR_OPEN) + timedelta(minutes=30 * k) for k in range(1, 14)]
        day = sessions.next_session(day)
    for symbol, price in (("AAA", 120.0), ("BBB", 40.0), ("CCC", 4.0)):
        keep = dice.random(len(stamps)) > (0.2 if symbol == "CCC" else 0.0)
        keep[0] = True
        n = int(keep.sum())
        closes = np.maximum(0.5, price * np.exp(np.cumsum(dice.normal(0.0, swing, n)))).round(2)
        opens = (np.r_[price, closes[:-1]] * np.exp(dice.normal(0.0, swing / 2, n))).round(2)
        high, low = np.maximum(opens, closes) + 0.05, np.minimum(opens, closes) - 0.05
        made[symbol] = SymbolBars(np.array(stamps, dtype="datetime64[us]")[keep], opens, high, low, closes, np.full(n, 1e6))
    return Bars(made, timeframe="minutes", compression=30)


class Wild(bt.Strategy):
    """Orders by dice that depend on the bar and the symbol only: of all kinds, of sizes that follow equity, closes, brackets, cancels."""

    params = (("seed", 0), ("busy", 0.3), ("share", 0.5), ("commission", 0.0))

    def start(self):
        if self.p.commission:
            self.broker.setcommission(commission=self.p.commission, commtype=bt.CommInfoBase.COMM_FIXED, stocklike=True)

    def __init__(self):
        self.sent = []

    def next(self):
        for data in self.datas:
            dice = random.Random(f"{self.p.seed} {data.datetime[0]} {data._name}")
            if dice.random() > self.p.busy:
                continue
            price, held = data.close[0], self.getposition(data).size
            size = max(1, int(self.broker.getvalue() * self.p.share * dice.random() / price))
            act = dice.choice(["buy", "sell", "close", "close", "close", "limit", "stop", "bracket", "cancel"])
            if act == "close" and held:
                self.close(data=data)
            elif act in ("buy", "sell"):
                self.sent.append(getattr(self, act)(data=data, size=size))
            elif act == "limit":
                self.sent.append(self.buy(data=data, size=size, exectype=bt.Order.Limit, price=round(price * 0.99, 2)))
            elif act == "stop" and held:
                send = self.sell if held > 0 else self.buy
                self.sent.append(
                    send(data=data, size=abs(held), exectype=bt.Order.Stop, price=round(price * (0.98 if held > 0 else 1.02), 2))
                )
            elif act == "bracket" and not held:
                limit, stop = round(price * 1.02, 2), round(price * 0.97, 2)
                self.buy_bracket(data=data, size=size, exectype=bt.Order.Market, limitprice=limit, stopprice=stop)
            elif act == "cancel" and self.sent:
                self.cancel(self.sent[-1])


def adds_up(found):
    """The cost of every variant: to the cent, in every part, in every event; and the bars explain all of it."""
    for name, cost in found.cost_of.items():
        in_cents = [round(line.direct * 100) + round(line.knock_on * 100) for line in cost.events]
        assert sum(in_cents) == round(cost.whole * 100), name
        assert sum(round(amount * 100) for amount in cost.parts.values()) == round(cost.whole * 100), name
        shown = round(found.table.profit["off"] * 100) - round(found.table.profit[name] * 100)
        assert shown == round(cost.whole * 100), name
        assert not any(line.event.why == "the bars do not explain it" for line in cost.events), name
        assert cost.parts["other"] == 0, name


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["2025-03-03", "2025-07-25", "2026-05-28"]),
    st.sampled_from([6_000.0, 24_000.0, 40_000.0, 120_000.0]),
    st.sampled_from([0.2, 0.8, 2.5]),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([0.004, 0.02]),
)
def test_the_parts_add_up(seed, first, cash, share, commission, swing):
    found = compare(
        Wild,
        wild_bars(seed, first, 9, swing),
        cash=cash,
        params={"seed": seed, "share": share, "commission": commission},
        jobs=1,
    )
    adds_up(found)


@pytest.mark.parametrize(
    ("seed", "cash", "share", "brokerage"), [(1, 9_000, 2.5, "alpaca"), (2, 30_000, 2.0, "ibkr"), (3, 24_000, 0.5, "alpaca")]
)
def test_a_replayed_account_answers_as_the_real_one(seed, cash, share, brokerage):
    """Just before every refusal: the same decision, and equity, cash and positions of that moment."""
    bars = wild_bars(seed, "2025-03-03", 12, 0.015)
    found = compare(Wild, bars, modes=["off", "both"], brokerages=brokerage, cash=cash, params={"seed": seed, "share": share}, jobs=1)
    result = found["both"].result
    refused = [entry for entry in result.journal if isinstance(entry, OrderEntry) and isinstance(entry.decision, Rejected)]
    assert len(refused) > 5
    for entry in refused[:: max(1, len(refused) // 25)]:
        account = account_before(result, entry.at, entry.request.id)
        decision = account.check(entry.request)
        assert (decision.reason, decision.also, decision.why) == (entry.decision.reason, entry.decision.also, entry.decision.why)
        assert (
            decision.facts == pytest.approx(entry.decision.facts)
            if all(isinstance(v, int | float) for v in decision.facts.values())
            else decision.facts == entry.decision.facts
        )
        at = int(np.searchsorted(result.times, np.datetime64(entry.at, "us"), "right")) - 1
        assert account.state.equity == pytest.approx(result.values[at])


def test_many_symbols_and_forced_sales_at_a_brokerage_that_watches():
    bars, params = wild_bars(7, "2025-03-03", 12, 0.05), {"seed": 7, "share": 1.6, "busy": 0.15}
    found = compare(Wild, bars, modes=["off", "exit"], brokerages="ibkr", cash=20_000, params=params, jobs=1)
    assert found["exit"].summary["forced_fills"] > 0
    adds_up(found)
    assert found.costs.forced_sales["exit"] != 0


def test_divergences_of_a_run_with_itself_are_none():
    bars = minutes(X={"2025-03-03": [(10, 10), (11, 11), (12, 12)]})
    plan = {"03-03 09:31": {"X": 5}}
    found = compare(Plan, bars, modes=["off", "entry"], cash=10_000, params={"plan": plan})
    assert len(found.divergences("off", "entry")) == 0 and found.paired("off", "entry").apart is False


class SellsSlowly(bt.Strategy):
    """195 shares on margin, then a share less after every bar: at 20:00 of a daily bar, after the close has made its calls."""

    def next(self):
        if len(self) == 1:
            self.buy(size=195)
        elif len(self) > 3 and self.position:
            self.sell(size=1)


def test_an_order_of_the_evening_on_which_a_call_is_made():
    bars = days("DLY", "2025-02-18", [100, 100, 100, 75, 70, 66, 60, 60, 58, 57, 50, 50, 50])
    found = compare(SellsSlowly, bars, modes=["off", "both"], cash=10_000)
    result = found["both"].result
    assert result.summary["calls"] and result.summary["forced_fills"]
    adds_up(found)
    assert len(result.account) == len(bars)
    end = account_before(result, bars.last).state
    assert end.equity == pytest.approx(result.values[-1])
