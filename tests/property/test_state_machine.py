"""An account under random orders, fills, marks, closes and transfers: what must hold after every step."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bt_pdt.account.account import Account
from bt_pdt.core import sessions
from bt_pdt.core.journal import FillEntry
from bt_pdt.core.orders import Asset, Fill, OrderRequest

SYMBOLS = ("AAA", "LOW", "LEV", "OTC")
ASSETS = (Asset("LEV", leverage=3), Asset("OTC", marginable=False))
PRICES = {"AAA": 100.0, "LOW": 4.0, "LEV": 40.0, "OTC": 10.0}


class Trading(RuleBasedStateMachine):
    """A trader who asks first: only accepted orders are filled, so no rule may ever be seen broken."""

    @initialize(
        day=st.sampled_from(["2019-12-20", "2021-06-28", "2025-03-03", "2026-06-02", "2026-06-15"]),
        cash=st.sampled_from([1_500.0, 20_000.0, 24_999.99, 25_000.0, 60_000.0]),
        flagged=st.booleans(),
        check=st.sampled_from(["entry", "exit", "both"]),
        used=st.integers(0, 3),
    )
    def open(self, day: str, cash: float, flagged: bool, check: str, used: int) -> None:
        start = datetime.fromisoformat(f"{day}T09:31:00")
        self.account = Account(
            cash,
            at=start,
            assets=ASSETS,
            pattern_day_trader=flagged,
            pdt_check=check,
            dtbp_check=check,
            daytrades=[(start.date(), "ZZZ", used)] if used else [],
        )
        self.protected = not flagged and check in ("exit", "both")
        self.prices = dict(PRICES)
        self.account.mark(self.prices)
        self.cash = cash
        self.held: dict[str, float] = {}
        self.serial = 0

    def _moment(self) -> datetime:
        return self.account.now + timedelta(minutes=1)

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from(["buy", "sell"]),
        qty=st.sampled_from([1, 10, 100, 400]),
        kind=st.sampled_from(["market", "limit"]),
    )
    def order(self, symbol: str, side: str, qty: int, kind: str) -> None:
        account = self.account
        self.serial += 1
        limit = {"limit_price": self.prices[symbol]} if kind == "limit" else {}
        request = OrderRequest(symbol, side, float(qty), type=kind, id=str(self.serial), **limit)
        before = (account.cash, account.positions, len(account.journal), account.ledger.reserved())
        first, second = account.check(request), account.check(request)
        assert first == second, "a check asked twice gives the same answer"
        assert before == (account.cash, account.positions, len(account.journal), account.ledger.reserved()), "a check writes nothing"
        if not first.accepted:
            passes = first.would_pass.qty
            assert 0 <= passes < qty
            if passes:
                assert account.check(OrderRequest(symbol, side, passes, type=kind, **limit)).accepted
            if passes + 1 < qty:
                assert not account.check(OrderRequest(symbol, side, passes + 1, type=kind, **limit)).accepted
            assert first.reason not in first.also
            assert first.why.endswith(".")
        largest = account.max_quantity(symbol, side, type=kind, **limit)
        assert (largest >= qty) == first.accepted
        assert account.submit(request).accepted == first.accepted

    @rule(part=st.sampled_from([1.0, 0.5]))
    def fill_oldest(self, part: float) -> None:
        order = next(iter(self.account.ledger.orders.values()), None)
        if order is None:
            return
        qty = order.left * part
        price = self.prices[order.symbol]
        self.account.post(Fill(order.symbol, order.side, qty, price, order.id))
        self.cash -= order.sign * qty * price
        self.held[order.symbol] = self.held.get(order.symbol, 0.0) + order.sign * qty

    @rule()
    def cancel_oldest(self) -> None:
        order = next(iter(self.account.ledger.orders), None)
        if order is not None:
            self.account.release(order)

    @rule(symbol=st.sampled_from(SYMBOLS), step=st.sampled_from([0.97, 0.99, 1.01, 1.03]))
    def market_moves(self, symbol: str, step: float) -> None:
        self.prices[symbol] = round(self.prices[symbol] * step, 2)
        self.account.mark({symbol: self.prices[symbol]}, at=self._moment() if self.account.now.hour < 15 else None)

    @rule(amount=st.sampled_from([500.0, 5_000.0]), out=st.booleans())
    def transfer(self, amount: float, out: bool) -> None:
        if not out:
            self.account.deposit(amount)
            self.cash += amount
        elif self.account.withdraw(amount).accepted:
            self.cash -= amount
            equity, _, maintenance = self.account.margins()
            assert equity >= maintenance - 0.01

    @rule()
    def next_session(self) -> None:
        self.account.close_session()
        following = sessions.next_session(self.account.session)
        self.account.advance(datetime.combine(following, datetime.min.time()) + timedelta(hours=9, minutes=31))
        row = self.account.sessions[-1]
        assert row["session"] < following.isoformat()
        assert abs(row["equity"] - round(self.account.last_equity, 2)) < 0.011

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "account"):
            return
        account = self.account
        assert math.isclose(account.cash, self.cash, abs_tol=1e-6)
        for symbol in SYMBOLS:
            assert math.isclose(account.position(symbol), self.held.get(symbol, 0.0), abs_tol=1e-6)
        value = sum(qty * self.prices[s] for s, qty in self.held.items())
        assert math.isclose(account.equity(), self.cash + value, abs_tol=1e-4)
        assert all(abs(qty) > 0 for qty in account.positions.values()), "no zero positions"

    @invariant()
    def powers_stay_in_bounds(self) -> None:
        if not hasattr(self, "account"):
            return
        state = self.account.state
        assert state.regt_buying_power >= 0
        if state.regime == "pattern_day_trader":
            assert 0 <= state.daytrading_buying_power <= state.bod_dtbp + 1e-6
        else:
            assert state.daytrading_buying_power is None and state.daytrade_count is None

    @invariant()
    def exits_hold_no_more_than_is_there(self) -> None:
        if not hasattr(self, "account"):
            return
        for symbol in SYMBOLS:
            held = self.account.position(symbol)
            sign = -1 if held > 0 else 1
            assert self.account.ledger.held(symbol, sign) <= abs(held) + 1e-6

    @invariant()
    def no_fourth_day_trade_under_25k(self) -> None:
        if not hasattr(self, "account"):
            return
        account = self.account
        self.protected = self.protected and account.regime == "pattern_day_trader" and account.last_equity < 25_000
        if self.protected:
            assert account.daytrade_count() <= 3
            assert not account.pattern_day_trader

    @invariant()
    def day_trades_are_the_fills_own(self) -> None:
        if not hasattr(self, "account"):
            return
        made = sum(e.day_trades for e in self.account.journal if isinstance(e, FillEntry))
        assert made == sum(count for _, _, count in self.account.day_trades)


TestTrading = Trading.TestCase
TestTrading.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
