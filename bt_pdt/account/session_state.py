"""What an account is during one session: designation, multiplier, buying power, counts, restrictions and calls in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from ..core import sessions
from ..core.errors import NotInForce
from ..core.journal import CallEntry, Entry, FlagEntry, RestrictionEntry, ViolationEntry
from ..core.money import SHARE_DUST, below, dollars, exceeds
from ..core.orders import Asset, Fill
from ..law.rulebook import PDT, Rulebook, Rules
from .call_book import UNDER_MINIMUM, Obligations, Restriction
from .calls import MarginCall
from .cash_account import CashBook, Violation, freeze
from .cushion import AccountDistance, Distance, account_distance, position_distances
from .intraday_margin import IntradayMargin
from .ledger import Reserved
from .requirements import concentration, requirement
from .since_close import SinceClose
from .valuation import intraday_requirement, valued


class Standing(IntradayMargin):
    """The state of an account and what it gives today. :class:`~bt_pdt.account.account.Account` fills it in and moves it."""

    now: datetime
    session: date
    rules: Rules
    rulebook: Rulebook
    refuses: bool
    account_type: str
    pattern_day_trader: bool
    trading_blocked: bool
    journal: list[Entry]
    #: Settled and unsettled money of a cash account; None for a margin account.
    cashbook: CashBook | None
    #: Called with every :class:`CallEntry` and :class:`RestrictionEntry` as it is journalled; a host passes them on.
    listener: Callable[[CallEntry | RestrictionEntry], None] | None
    last_equity: float
    last_maintenance_margin: float
    bod_dtbp: float
    _given_last: tuple[float | None, float | None]
    _flagged_on: date | None  # the session on which the designation was set
    _owed: Obligations
    _in_force: list[Restriction]
    _owing: bool  # some call could be met by the next event
    _made: dict[date, dict[str, int]]  # day trades by session and symbol, carried-in ones included
    _own: dict[tuple[date, str], int]
    _sma: float  # at the last session's regular close
    _sma_measured: float  # at this session's, once it is measured
    _day: SinceClose  # since the last session's regular close
    _evening: SinceClose | None  # since this session's, once it is measured
    _measured: dict[str, Any] | None
    _closed_explicitly: bool

    # -- the session and its start-of-day figures

    def _opening_figures(self) -> None:
        """``last_*`` from what was given, else from cash and carried positions; asked again when an asset's facts arrive before trading."""
        self._untouched = True
        self.ledger.counting_method = self.rules.counting_method or "direction"
        maintenance = self._carried_maintenance()
        self._revalue()
        equity, initial, _ = self.margins()
        given_equity, given_maintenance = self._given_last
        self.last_equity = equity if given_equity is None else given_equity
        self.last_maintenance_margin = maintenance if given_maintenance is None else given_maintenance
        self._sma = max(0.0, equity - initial)
        self._closing_marks = dict(self.ledger.marks)
        self._day, self._evening = SinceClose(self._new_meter()), None
        self._start_session()
        self._after_event()

    def _carried_maintenance(self) -> float:
        """Maintenance of what was carried in, by the rules of the session at whose close it was priced."""
        today, before = self.rules, sessions.add_business_days(self.session, -1)
        try:
            self.rules = self.rulebook.on(before)
        except NotInForce:
            return self.maintenance_margin()
        self._revalue()
        try:
            return self.maintenance_margin()
        finally:
            self.rules = today

    def _start_session(self) -> None:
        """What holds from the first event of a session: window, designation, multiplier, buying power, restrictions."""
        self._measured: dict[str, Any] | None = None
        self._closed_explicitly = False
        self._close = sessions.close_of(self.session)
        self._settles_on: date | None = None
        self._cash_at_start = self.ledger.cash
        if self.cashbook is not None:
            self.cashbook.start(self.session)
        self._lowest_dtbp: float | None = None
        self._lowest_level = None
        self._excess_at_start = self.last_equity - self.last_maintenance_margin
        days = self.rules.pdt_window_business_days
        self._window = sessions.window(self.session, days) if days else ()
        self._earlier_count = sum(sum(self._made.get(day, {}).values()) for day in self._window if day != self.session)
        self._today_count = sum(self._made.get(self.session, {}).values())
        if self.pattern_day_trader and not self.designation_lasts(self.session):
            self.pattern_day_trader, self._flagged_on = False, None
            cause = f"{self.rules.pdt_flag_days} calendar days after it was set"
            self.journal.append(FlagEntry(self.now, self.session, False, cause))
            self._owed.drop_minimum_equity(self.session, "pdt_min_equity")
        self._designate(lifted_on=sessions.add_business_days(self.session, -1))

    def designation_lasts(self, day: date) -> bool:
        """False once a brokerage's days of the designation are over (``pdt_flag_days``): it ends by itself."""
        length = self.rules.pdt_flag_days
        return length is None or self._flagged_on is None or day <= self._flagged_on + timedelta(days=length)

    def _designate(self, lifted_on: date) -> None:
        """Multiplier, start-of-day DTBP and the restriction of a flagged account under $25,000, from the previous close."""
        rules = self.rules
        if rules.regime != PDT:
            self._session_multiplier = 0
            self._restrict_flagged((), lifted_on)
            self._grant()
            return
        enough = not below(self.last_equity, rules.pdt_min_equity)
        if self.account_type == "cash" or below(self.last_equity, rules.margin_min_equity):
            self._session_multiplier = 1
        elif enough and (self.pattern_day_trader or rules.multiplier_policy == "equity"):
            self._session_multiplier = int(rules.dt_buying_power_multiple)
        else:
            self._session_multiplier = 2
        bound = self.pattern_day_trader and not enough and self.account_type == "margin"
        self._restrict_flagged(UNDER_MINIMUM[rules.pdt_under_25k] if bound else (), lifted_on)
        self._grant()

    def _grant(self) -> None:
        """Day-trading buying power at the start of the day: four times the previous close's excess, twice while a day-trade call steps it down."""
        rules = self.rules
        if rules.regime != PDT or self._session_multiplier < rules.dt_buying_power_multiple:
            self.bod_dtbp = 0.0
            return
        times = rules.dt_multiple_under_call if self.stepped_down() else rules.dt_buying_power_multiple
        self.bod_dtbp = times * max(0.0, self._excess_at_start)

    def stepped_down(self) -> bool:
        """True while an open day-trade call holds day trades to twice the excess, on the sum of the day."""
        return self.rules.regime == PDT and self.restriction("buying_power_2x") is not None

    def dtbp_used(self) -> float:
        """What today's openings use of day-trading buying power: those still held, or all of them where the sum of the day counts."""
        return self.ledger.opened_today if self.stepped_down() and self.rules.dt_aggregate_under_call else self.ledger.used_today

    def _restrict_flagged(self, kinds: tuple[str, ...], lifted_on: date) -> None:
        """The restrictions of a flagged account under $25,000 begin, change their kinds, or end with ``lifted_on``."""
        current = [r for r in self._owed.restrictions if r.rule == "pdt_min_equity" and r.until is None]
        for each in current:
            if each.kind not in kinds:
                self._owed.end(each, lifted_on)
        for kind in kinds:
            if any(each.kind == kind for each in current):
                continue
            because = f"pattern day trader at {dollars(self.last_equity)}, under {dollars(self.rules.pdt_min_equity)}"
            behind = [call.id for call in self._owed.open("minimum_equity")]
            why = behind[-1] if behind else "minimum_equity"
            self._owed.restrict(Restriction(kind, self.session, None, why, "pdt_min_equity", because))
        self._renew()

    def _renew(self) -> None:
        """What binds now, after calls or days have changed; the journal and the listener are told."""
        before, self._in_force = self._in_force, self._owed.in_force(self.session)
        kept = {(r.kind, r.why, r.start) for r in self._in_force}
        known = {(r.kind, r.why, r.start) for r in before}
        changed = [(r, False) for r in before if (r.kind, r.why, r.start) not in kept]
        changed += [(r, True) for r in self._in_force if (r.kind, r.why, r.start) not in known]
        for event, call in self._owed.told:
            self._tell(CallEntry(self.now, self.session, event, call))
        self._owed.told.clear()
        for r, on in changed:
            self._tell(RestrictionEntry(self.now, self.session, r.kind, on, r.because, r.why))
        self._owing = self._owed.unsatisfied

    def _tell(self, entry: CallEntry | RestrictionEntry) -> None:
        self.journal.append(entry)
        if self.listener is not None:
            self.listener(entry)

    @property
    def regime(self) -> str:
        """The regime of the current session: ``pattern_day_trader`` or ``intraday_margin``."""
        return self.rules.regime

    @property
    def multiplier(self) -> int:
        """1, 2 or 4: fixed by the previous close in the old regime, by current equity in the new one."""
        if self._session_multiplier:
            return self._session_multiplier
        if self.account_type == "cash" or below(self.equity(), self.rules.margin_min_equity):
            return 1
        return int(self.rules.intraday_multiple)

    def after_close(self) -> bool:
        """True once the regular session has ended: an order not marked for extended hours waits for the next one."""
        return self._measured is not None or self.now > self._close

    # -- buying power

    def tested_equity(self) -> float:
        """The equity that the $25,000 test looks at: the previous close's, or the current one (``equity_test``)."""
        return self.equity() if self.rules.equity_test == "current" else self.last_equity

    def daytrading_buying_power(self) -> float:
        """What is left of the day's DTBP: start of day less what today's open lots and working opening orders use."""
        return self.daytrading_buying_power_beside(self.ledger.reserved())

    def buying_power(self) -> float:
        """The larger of Reg T and intraday buying power at multiplier 4 (the latter alone where a brokerage refuses what would make a
        deficit), Reg T at 2, cash at 1; net of working opening orders."""
        return self.buying_power_beside(self.ledger.reserved())

    def buying_power_beside(self, reserved: Reserved) -> float:
        """Buying power net of what ``reserved`` holds back."""
        if self.multiplier == 1:
            return max(0.0, self.cash_to_spend() - reserved.value)
        if self.stepped_down():
            return self.power_under_call_beside(reserved)
        regt = max(0.0, self.regt_excess() * float(self.rules.regt_buying_power_multiple) - reserved.regt)
        if self.multiplier < 4:
            return regt
        if self.rules.regime == PDT:
            return max(regt, self.daytrading_buying_power_beside(reserved))
        intraday = max(0.0, self.intraday_power() - reserved.dtbp)
        return intraday if self.rules.intraday_block == "deficit" else max(regt, intraday)

    def daytrading_buying_power_beside(self, reserved: Reserved) -> float:
        """Day-trading buying power net of today's open lots and of what ``reserved`` holds back: 0 to its start of day."""
        start = self.bod_dtbp
        return max(0.0, min(start, start - self.dtbp_used() - reserved.dtbp))

    def power_under_call_beside(self, reserved: Reserved) -> float:
        """Buying power while an open day-trade call steps it down, whatever Reg T leaves: twice the previous close's excess, less what the
        day's openings have used together."""
        start = self.rules.dt_multiple_under_call * max(0.0, self._excess_at_start)
        return max(0.0, float(start) - self.dtbp_used() - reserved.dtbp)

    # -- Regulation T: a session's transactions are combined at its close

    @property
    def _since(self) -> tuple[SinceClose, ...]:
        """What counts a transaction of now: the session's close, and once that is measured the next one too."""
        return (self._day,) if self._evening is None else (self._day, self._evening)

    @property
    def sma(self) -> float:
        """Special memorandum account, dollars: the last close's, with what came in and went out since and met no Fed call."""
        since, before = self._since[-1], self._sma if self._evening is None else self._sma_measured
        return max(0.0, before + since.other + since.deposits - self._owed.fed_took(since.deposits))

    def fed_call_with(self, more: float) -> float:
        """The Fed call that this moment would make if it were the close and the day's trades needed ``more`` initial margin; may be negative."""
        return more - self.fed_release() - max(self.sma, self._excess_without(self._since[-1]))

    def fed_release(self) -> float:
        """Initial margin that the transactions since the last regular close have set free so far, combined; negative: what they need."""
        return self._release(self._since[-1])

    def _release(self, since: SinceClose) -> float:
        """What all transactions since a close set free of initial margin, combined: half of what was carried and sold, less half of what
        was opened and kept (at trade price, each at its own initial rate), plus the profit of day trades."""
        return since.released - self._initial_of_lots(since)

    def _initial_of_lots(self, since: SinceClose) -> float:
        """Initial margin at trade price of lots opened since that close and still held."""
        total = 0.0
        for symbol in since.traded:
            run = self.ledger.runs.get(symbol)
            if run is None or not run.lots:
                continue
            asset, sign = self.ledger.asset(symbol), 1.0 if run.opened_today > 0 else -1.0
            total += sum(
                requirement(self.rules, asset, sign * held, price).initial for held, price, _, opened in run.lots if opened >= since.first
            )
        return total

    def _excess_without(self, since: SinceClose) -> float:
        """Equity over initial margin at the last marks, had nothing been traded since that close."""
        if not since.traded:
            equity, initial, _ = self.margins()
            return equity - initial
        positions = dict(self.ledger.positions)
        for symbol, qty in since.traded.items():
            positions[symbol] = positions.get(symbol, 0.0) - qty
        positions = {symbol: qty for symbol, qty in positions.items() if abs(qty) > SHARE_DUST}
        worth = valued(self.rules, self.ledger.asset, self.ledger.cash - since.cash, positions, self.ledger.marks)
        return worth.equity - worth.initial_margin

    def deficit(self) -> tuple[float, float]:
        """(the session's intraday margin deficit, equity at it), dollars."""
        return self._deficit_of(self._day.meter)

    def deficit_with(self, asset: Asset, qty: float, price: float) -> tuple[float, float]:
        """(intraday margin deficit, equity at it) of the session if signed ``qty`` were opened now at ``price`` and that made it larger,
        else nothing: measured as the session's is, under every setting of the brokerage."""
        rules = self.rules
        if rules.regime == PDT or self.account_type == "cash":
            return 0.0, 0.0
        if self._day.meter.start is None and rules.imd_valuation == "mark":
            needed = requirement(rules, asset, qty, price).maintenance
            most = intraday_requirement(rules, asset, qty, price, needed)
            if rules.imd_basis != "law" and (add_on := concentration(rules)) is not None:
                most = max(most, needed + add_on.rate * (abs(qty) * price + self._sums()[0]))
            if not exceeds(most - self.margin_level(), 0.0):
                return 0.0, 0.0  # no deficit, however concentrated
        twin = self.fork()
        twin.post(Fill(asset.symbol, "buy" if qty > 0 else "sell", abs(qty), price))
        after = twin.deficit()
        return after if exceeds(after[0], self.deficit()[0]) else (0.0, 0.0)

    def fork(self) -> Any:
        """An independent twin."""
        raise NotImplementedError

    # -- the warning zone

    def distance(self) -> tuple[AccountDistance, list[Distance]]:
        """How far a maintenance call is: for the account (excess, the common adverse move), and for each position alone (price, move)."""
        return account_distance(self.ledger, self.rules), position_distances(self.ledger, self.rules)

    # -- counting

    def daytrade_count(self) -> int:
        """Executed day trades in the window that ends today."""
        return self._earlier_count + self._today_count

    def potential_day_trades(self) -> int:
        """Day trades that the working orders could still complete today, one a symbol at most: what the order check adds to the count."""
        return self.ledger.potential_day_trades(fillable_only=self.rules.count_unfillable_pending is False)

    def forecast(self) -> list[tuple[date, int]] | None:
        """Day trades left today and on the next four sessions if none is made: None where no count binds this account."""
        if self.rules.regime != PDT or self.account_type == "cash" or not below(self.tested_equity(), self.rules.pdt_min_equity):
            return None
        allowed, days = self.rules.pdt_day_trades_threshold - 1, self.rules.pdt_window_business_days
        found = []
        for ahead in range(days):
            day = sessions.add_business_days(self.session, ahead)
            used = sum(sum(self._made.get(d, {}).values()) for d in sessions.window(day, days))
            found.append((day, max(0, allowed - used)))
        return found

    @property
    def day_trades(self) -> list[tuple[date, str, int]]:
        """(session, symbol, count) of this history's own day trades, those carried in left out."""
        return [(day, symbol, count) for (day, symbol), count in self._own.items()]

    # -- restrictions

    def restriction(self, *kinds: str) -> Restriction | None:
        """The restriction of one of these kinds that is in force, or None."""
        for restriction in self._in_force:
            if restriction.kind in kinds:
                return restriction
        return None

    @property
    def restrictions(self) -> list[Restriction]:
        """Every restriction of this history, ended ones with their last restricted day."""
        return list(self._owed_now().restrictions)

    @property
    def calls(self) -> list[MarginCall]:
        """Every margin call of this history; those that the last close made due are among them, though issued on the next session."""
        return list(self._owed_now().calls)

    def open_calls(self, *kinds: str) -> list[MarginCall]:
        """Calls issued and neither met nor expired nor closed, of these kinds (default: all)."""
        return self._owed.open(*kinds)

    def _owed_now(self) -> Obligations:
        """What is owed once the current session's close, if it is there, is taken in."""
        if not self._closed_explicitly or self._measured is None:
            return self._owed
        after = self._owed.copy()
        if self._measured["closing"] is not None:
            after.close(self.rules, self._measured["closing"], **self._since_measured())
        if self.cashbook is not None:
            book = self.cashbook.copy()
            for violation in book.close(self.session, self.rules):
                _restrict_after(after, freeze(book.violations, violation, self.rules))
        return after

    def _since_measured(self) -> dict[str, float]:
        """What counts for the calls that the measured close makes, though they are issued on the next session."""
        evening = self._evening
        return {} if evening is None else {"level": evening.level, "deposits": evening.deposits}

    def _violated(self, found: Iterable[Violation]) -> None:
        """Violations of a cash account are journalled, and enough of them freeze it."""
        assert self.cashbook is not None
        for violation in found:
            self.journal.append(ViolationEntry(self.now, self.session, violation))
            _restrict_after(self._owed, freeze(self.cashbook.violations, violation, self.rules))
            self._renew()

    @property
    def violations(self) -> list[Violation]:
        """Good-faith violations, free rides and cash liquidations of a cash account."""
        if self.cashbook is None:
            return []
        book = self.cashbook
        if self._closed_explicitly:
            book = book.copy()
            book.close(self.session, self.rules)
        return list(book.violations)

    def cash_to_spend(self) -> float:
        """Cash that an account without margin may buy with: proceeds of today's sales count, unless a cash account is frozen, or its
        brokerage has it wait for their settlement."""
        if self.cashbook is None:
            return self.ledger.cash
        waits = not self.rules.cash_unsettled_usable or self.restriction("ninety_day_freeze") is not None
        return self.settled_cash() if waits else self.ledger.cash

    def cash_for_no_loan(self) -> float:
        """Cash that can pay for a security without a loan value, not more than equity."""
        cash = self.ledger.cash if self.rules.cash_unsettled_usable else self.settled_cash()
        return min(cash, self.equity())

    def settled_cash(self) -> float:
        """Cash that a purchase can be paid with today: settled money of a cash account, all cash of a margin account."""
        return self.ledger.cash if self.cashbook is None else self.cashbook.settled

    def cash_at_start(self) -> float:
        """The cash that the session began with."""
        return self._cash_at_start

    # -- after every event

    def _after_event(self) -> None:
        """Calls that are met now, and the day's lows."""
        if self._owing and self._owed.look(self.session, self._excess, after_close=self._measured is not None):
            self._renew()
            self._grant()
        if self.rules.regime == PDT:
            if self._measured is None and self._lowest_dtbp != 0.0:
                left = self.daytrading_buying_power() if self.bod_dtbp else 0.0
                if self._lowest_dtbp is None or left < self._lowest_dtbp:
                    self._lowest_dtbp = left
        else:
            self._lowest_margin_level()

    def _excess(self) -> float:
        equity, _, maintenance = self.margins()
        return equity - maintenance


def _restrict_after(owed: Obligations, restriction: Restriction | None) -> None:
    if restriction is not None:
        owed.restrict(restriction)
