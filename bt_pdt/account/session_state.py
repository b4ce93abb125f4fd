"""What an account is at this moment of its session: everything that can be asked of it, and nothing that changes it.

The account is made of parts, each with one owner: the ledger (cash, positions, orders, today's executions), its valuation, the intraday
margin level, Regulation T since the last close, the book of calls and restrictions, the cash book, day trades and the designation, carrying
costs, the current session, and the record. Here are the questions that need more than one of them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from ..core.journal import Entry
from ..core.money import below, cents
from ..core.state import AccountState
from ..law.brokerages import Brokerage
from ..law.rulebook import PDT, Rulebook, Rules
from .call_book import CallBook, Restriction, RestrictionKind
from .calls import CallKind, MarginCall
from .carrying_costs import CarryingCosts
from .cash_account import CashBook, Violation, freeze
from .current_session import CurrentSession
from .cushion import AccountDistance, Distance, account_distance, position_distances
from .designation import Designation
from .explanations import Explanations
from .intraday_margin import IntradayMargin
from .ledger import Ledger, Reserved
from .record import Listener, Record
from .regulation_t import RegulationT
from .seen import Seen
from .terms import AccountType
from .valuation import Valuation


class SessionState:
    """The parts of an account, and what they give together. Nothing here changes anything; ask as often as you like."""

    #: The firm, its dated rules, whether they refuse anything (not with ``rules="off"``), and ``margin`` or ``cash``.
    brokerage: Brokerage
    rulebook: Rulebook
    refuses: bool
    account_type: AccountType
    #: The parts.
    ledger: Ledger
    valuation: Valuation
    intraday: IntradayMargin
    regulation_t: RegulationT
    call_book: CallBook
    #: Settled and unsettled money of a cash account; None for a margin account.
    cashbook: CashBook | None
    designation: Designation
    costs: CarryingCosts
    current: CurrentSession
    record: Record
    explanations: Explanations
    #: Executions by their own ids, and orders that are filled in full: what comes again is not booked again.
    executed: Seen
    filled_orders: Seen
    #: Deposits that may not leave again yet: (the last day of that, dollars).
    deposits_on_hold: list[tuple[date, float]]

    def fork(self) -> Self:
        """An independent twin, for asking what would happen: it answers everything as this account does, and goes its own way from here.

        Its journal starts empty and nobody listens to it. A copy with the journal is ``copy.deepcopy(account)``.
        """
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)  # what never changes is shared; every part below is the twin's own
        twin.ledger = self.ledger.copy()
        twin.ledger.assets = self.ledger.assets.copy()
        twin.valuation = self.valuation.copy(twin.ledger)
        twin.intraday = self.intraday.copy(twin.valuation)
        twin.call_book = self.call_book.copy()
        twin.regulation_t = self.regulation_t.copy(twin.valuation, twin.call_book)
        twin.cashbook = None if self.cashbook is None else self.cashbook.copy()
        twin.designation = self.designation.copy()
        twin.costs = self.costs.copy()
        twin.current = self.current.copy()
        twin.record = Record()
        twin.explanations = Explanations()
        twin.executed, twin.filled_orders = self.executed.copy(), self.filled_orders.copy()
        twin.deposits_on_hold = self.deposits_on_hold[:]
        return twin

    @property
    def trading_blocked(self) -> bool:
        """Has the brokerage or the customer blocked the account from trading?"""
        return self.current.trading_blocked

    # -- where it is

    @property
    def now(self) -> datetime:
        """The account's clock, naive New York time."""
        return self.current.now

    @property
    def session(self) -> date:
        """The session of :attr:`now`: the trade date of whatever happens next."""
        return self.current.session

    @property
    def rules(self) -> Rules:
        """The law of the current session."""
        return self.current.rules

    @property
    def regime(self) -> str:
        """The regime of the current session: ``pattern_day_trader`` or ``intraday_margin``."""
        return self.rules.regime

    def after_close(self) -> bool:
        """True once the regular session has ended: an order not marked for extended hours waits for the next one."""
        return self.current.is_over

    # -- what it has

    @property
    def cash(self) -> float:
        """Cash balance; negative is the debit."""
        return self.ledger.cash

    @property
    def positions(self) -> dict[str, float]:
        """Signed shares by symbol."""
        return dict(self.ledger.positions)

    def position(self, symbol: str) -> float:
        """Signed shares of ``symbol``, 0 if none."""
        return self.ledger.position(symbol)

    def equity(self) -> float:
        """Cash + long market value - short market value at the last marks."""
        return self.valuation.equity()

    def margins(self) -> tuple[float, float, float]:
        """(equity, initial margin, maintenance margin) at the last marks."""
        return self.valuation.margins()

    def initial_margin(self) -> float:
        """The Reg T (or higher) requirement of what is held."""
        return self.valuation.initial_margin()

    def maintenance_margin(self) -> float:
        """The house maintenance requirement of what is held."""
        return self.valuation.maintenance_margin()

    @property
    def last_equity(self) -> float:
        """Equity at the previous close."""
        return self.current.last_equity

    @property
    def last_maintenance_margin(self) -> float:
        """Maintenance margin at the previous close."""
        return self.current.last_maintenance_margin

    def tested_equity(self) -> float:
        """The equity that the $25,000 test takes: the previous close's, or the current one (``equity_test``)."""
        return self.equity() if self.rules.equity_test == "current" else self.last_equity

    def distance(self) -> tuple[AccountDistance, list[Distance]]:
        """How far a maintenance call is: for the account (excess, the common adverse move), and for each position alone (price, move)."""
        return account_distance(self.ledger, self.rules), position_distances(self.ledger, self.rules)

    # -- buying power

    @property
    def multiplier(self) -> int:
        """1, 2 or 4: fixed by the previous close in the old regime, by current equity in the new one."""
        if self.current.fixed_multiplier:
            return self.current.fixed_multiplier
        if self.account_type == "cash" or below(self.equity(), self.rules.margin_min_equity):
            return 1
        return int(self.rules.intraday_multiple)

    @property
    def bod_dtbp(self) -> float:
        """Day-trading buying power at the start of the day; 0 where the account has none."""
        return self.current.bod_dtbp

    def stepped_down(self) -> bool:
        """True while an open day-trade call holds day trades to twice the excess, on the sum of the day."""
        return self.rules.regime == PDT and self.restriction("buying_power_2x") is not None

    def dtbp_used(self) -> float:
        """What today's openings use of day-trading buying power: those still held, or all of them where the sum of the day counts."""
        return self.ledger.opened_today if self.stepped_down() and self.rules.dt_aggregate_under_call else self.ledger.used_today

    def daytrading_buying_power(self) -> float:
        """What is left of the day's DTBP: start of day less what today's open lots and working opening orders use."""
        return self.daytrading_buying_power_beside(self.ledger.reserved())

    def daytrading_buying_power_beside(self, reserved: Reserved) -> float:
        """Day-trading buying power net of today's open lots and of what ``reserved`` holds back: 0 to its start of day."""
        start = self.bod_dtbp
        return max(0.0, min(start, start - self.dtbp_used() - reserved.dtbp))

    def regt_excess(self) -> float:
        """Equity over initial margin, not below zero."""
        return self.valuation.regt_excess()

    def regt_buying_power(self) -> float:
        """2 x (equity - initial margin), net of working opening orders."""
        return self.regt_buying_power_beside(self.ledger.reserved())

    def regt_buying_power_beside(self, reserved: Reserved) -> float:
        """Reg T buying power net of what ``reserved`` holds back."""
        return max(0.0, self.regt_excess() * float(self.rules.regt_buying_power_multiple) - reserved.regt)

    def intraday_power(self) -> float:
        """4 x (equity - maintenance margin) on current values: intraday buying power before working orders."""
        return self.valuation.intraday_power()

    def intraday_power_beside(self, reserved: Reserved) -> float:
        """Intraday buying power net of what ``reserved`` holds back."""
        return max(0.0, self.intraday_power() - reserved.dtbp)

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
        regt = self.regt_buying_power_beside(reserved)
        if self.multiplier < 4:
            return regt
        if self.rules.regime == PDT:
            return max(regt, self.daytrading_buying_power_beside(reserved))
        intraday = self.intraday_power_beside(reserved)
        return intraday if self.rules.intraday_block == "deficit" else max(regt, intraday)

    def power_under_call_beside(self, reserved: Reserved) -> float:
        """Buying power while an open day-trade call steps it down, whatever Reg T leaves: twice the previous close's excess, less what the
        day's openings have used together."""
        start = self.rules.dt_multiple_under_call * max(0.0, self.current.excess_at_start)
        return max(0.0, float(start) - self.dtbp_used() - reserved.dtbp)

    # -- cash

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
        return self.current.cash_at_start

    # -- Regulation T and the intraday margin rule

    @property
    def sma(self) -> float:
        """Special memorandum account, dollars: the last close's, with what came in and went out since and met no Fed call."""
        return self.regulation_t.sma

    def fed_call_with(self, more: float) -> float:
        """The Fed call that this moment would make if it were the close and the day's trades needed ``more`` initial margin; may be negative."""
        return self.regulation_t.fed_call_with(more)

    def fed_release(self) -> float:
        """Initial margin that the transactions since the last regular close have set free so far, combined; negative: what they need."""
        return self.regulation_t.fed_release()

    def margin_level(self) -> float:
        """The intraday margin level, dollars; negative is what is missing. 0 in the old regime."""
        return self.intraday.level()

    def deficit(self) -> tuple[float, float]:
        """(the session's intraday margin deficit, equity at it), dollars."""
        return self.intraday.deficit_of(self.regulation_t.day.meter)

    # -- day trades

    @property
    def pattern_day_trader(self) -> bool:
        """Does the designation hold?"""
        return self.designation.pattern_day_trader

    @property
    def one_time_removal_used(self) -> bool:
        """Was the one-time removal of the designation used?"""
        return self.designation.one_time_removal_used

    def daytrade_count(self) -> int:
        """Executed day trades in the window that ends today."""
        return self.designation.daytrade_count()

    def potential_day_trades(self) -> int:
        """Day trades that the working orders could still complete today, one a symbol at most: what the order check adds to the count."""
        return self.ledger.potential_day_trades(fillable_only=self.rules.count_unfillable_pending is False)

    def forecast(self) -> list[tuple[date, int]] | None:
        """Day trades left today and on the next four sessions if none is made: None where no count binds this account."""
        if self.rules.regime != PDT or self.account_type == "cash" or not below(self.tested_equity(), self.rules.pdt_min_equity):
            return None
        return self.designation.forecast(self.session, self.rules)

    @property
    def day_trades(self) -> list[tuple[date, str, int]]:
        """(session, symbol, count) of this history's own day trades, those carried in left out."""
        return self.designation.day_trades

    # -- calls and restrictions

    def restriction(self, *kinds: RestrictionKind) -> Restriction | None:
        """The restriction of one of these kinds that is in force, or None."""
        return self.call_book.restriction(*kinds)

    @property
    def restrictions(self) -> list[Restriction]:
        """Every restriction of this history, ended ones with their last restricted day."""
        return list(self._call_book_after_the_close().restrictions)

    @property
    def calls(self) -> list[MarginCall]:
        """Every margin call of this history; those that the last close made due are among them, though issued on the next session."""
        return list(self._call_book_after_the_close().calls)

    def open_calls(self, *kinds: CallKind) -> list[MarginCall]:
        """Calls issued and neither met nor expired nor closed, of these kinds (default: all)."""
        return self.call_book.open(*kinds)

    def _call_book_after_the_close(self) -> CallBook:
        """What is owed once the current session's close, if it is there, is taken in."""
        measured = self.current.measured
        if not self.current.closed_explicitly or measured is None:
            return self.call_book
        after = self.call_book.copy()
        if measured.closing is not None:
            after.close(self.rules, measured.closing, **self.since_measured())
        if self.cashbook is not None:
            book = self.cashbook.copy()
            for violation in book.close(self.session, self.rules):
                restriction = freeze(book.violations, violation, self.rules)
                if restriction is not None:
                    after.restrict(restriction)
        return after

    def since_measured(self) -> dict[str, float]:
        """What counts for the calls that the measured close makes, though they are issued on the next session."""
        evening = self.regulation_t.evening
        return {} if evening is None else {"level": evening.level, "deposits": evening.deposits}

    @property
    def violations(self) -> list[Violation]:
        """Good-faith violations, free rides and cash liquidations of a cash account."""
        if self.cashbook is None:
            return []
        book = self.cashbook
        if self.current.closed_explicitly:
            book = book.copy()
            book.close(self.session, self.rules)
        return list(book.violations)

    @property
    def accrued_costs(self) -> tuple[float, float]:
        """(interest, borrow fees) of closed sessions that were not charged yet, dollars."""
        return self.costs.accrued

    # -- as values

    @property
    def journal(self) -> list[Entry]:
        """What has happened, entry by entry."""
        return self.record.journal

    @property
    def listener(self) -> Listener | None:
        """Called with every call and restriction as it is journalled; a host passes them on."""
        return self.record.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self.record.listener = listener

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """One row for each closed session."""
        return self.current.rows + ([self.session_row()] if self.current.closed_explicitly else [])

    def session_row(self) -> dict[str, Any]:
        """The measured session's line of the sessions table; fills after the close count in its day trades."""
        measured, old = self.current.measured, self.rules.regime == PDT
        assert measured is not None
        lowest_level = self.intraday.lowest_level
        return {
            "session": self.session.isoformat(),
            "equity": cents(measured.equity),
            "maintenance_margin": cents(measured.maintenance_margin),
            "initial_margin": cents(measured.initial_margin),
            "daytrade_count": self.daytrade_count() if old else None,
            "pattern_day_trader": self.pattern_day_trader if old else None,
            "multiplier": measured.multiplier,
            "bod_dtbp": cents(measured.bod_dtbp) if old else None,
            "lowest_daytrading_buying_power": cents(measured.lowest_dtbp or 0.0) if old else None,
            "regt_buying_power": cents(measured.regt_buying_power),
            "sma": cents(measured.sma),
            "lowest_intraday_margin_level": None if old or lowest_level is None else cents(lowest_level),
            "intraday_margin_deficit": cents(measured.deficit),
            "interest": cents(measured.interest),
            "borrow_fee": cents(measured.borrow_fee),
        }

    @property
    def state(self) -> AccountState:
        """The account now, as a frozen value with Alpaca's field names."""
        long_value, short_value, initial, maintenance, _ = self.valuation.sums()
        equity = self.equity()
        old = self.rules.regime == PDT
        return AccountState(
            session=self.session,
            regime=self.regime,
            brokerage=self.brokerage.name,
            equity=equity,
            last_equity=self.last_equity,
            cash=self.ledger.cash,
            long_market_value=long_value,
            short_market_value=-short_value + 0.0,
            initial_margin=initial,
            maintenance_margin=maintenance,
            last_maintenance_margin=self.last_maintenance_margin,
            maintenance_excess=equity - maintenance,
            buying_power=self.buying_power(),
            regt_buying_power=self.regt_buying_power(),
            daytrading_buying_power=self.daytrading_buying_power() if old else None,
            bod_dtbp=self.bod_dtbp if old else None,
            non_marginable_buying_power=max(0.0, self.cash_for_no_loan() - self.ledger.reserved().buys),
            multiplier=self.multiplier,
            sma=self.sma,
            daytrade_count=self.daytrade_count() if old else None,
            pattern_day_trader=self.pattern_day_trader if old else None,
            trading_blocked=self.trading_blocked,
            shorting_enabled=self.multiplier > 1 and bool(self.rules.short_selling),
            intraday_margin_level=None if old else self.margin_level(),
            intraday_margin_deficit=self.deficit()[0],
            restrictions=tuple(r.kind for r in self.call_book.restrictions_now),
            positions=self.positions,
        )
