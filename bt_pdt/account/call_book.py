"""What an account owes and what it may not do meanwhile: its calls and restrictions, moved by deposits, sales, closes and deadlines.

A restriction hangs on its call: it holds from a day to a day (or an event), refuses openings only, and ends by itself. Two calls make two
restrictions; together they last as long as the longer one, so a later call extends and never restarts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple, get_args

from ..core import sessions
from ..core.money import below, dollars
from ..law.rulebook import PDT, Rules
from .calls import Breach, CallEvent, CallKind, Closing, MarginCall, breaches, issued, move

#: A Literal type, so that a checker of types finds a misspelt kind.
RestrictionKind = Literal["liquidation_only", "closing_only", "cash_available", "no_day_trades", "ninety_day_freeze", "buying_power_2x"]
RESTRICTION_KINDS: tuple[RestrictionKind, ...] = get_args(RestrictionKind)
#: What a pattern day trader under $25,000 may not do (``pdt_under_25k``): the restrictions of each value.
UNDER_MINIMUM: dict[str, tuple[RestrictionKind, ...]] = {
    "liquidation_only": ("liquidation_only",),
    "no_day_trades": ("no_day_trades",),
    "cash_available": ("no_day_trades", "cash_available"),
}


class Restriction(NamedTuple):
    """What an account may not do: ``kind`` from ``start`` to ``until`` (the last restricted day, None while open-ended).

    ``why`` is the id of the call behind it, or the name of the rule where no call was issued; ``rule`` is the parameter, ``because`` the
    words of a sentence.
    """

    kind: RestrictionKind
    start: date
    until: date | None
    why: str
    rule: str
    because: str
    lifted: bool = False  # ended by an event, so that the rest of its last day is free

    def holds_on(self, day: date) -> bool:
        """True from ``start`` to ``until``, both included; a lifted one holds no more."""
        return not self.lifted and self.start <= day and (self.until is None or day <= self.until)

    def to_dict(self) -> dict[str, Any]:
        """The restriction's line in a report."""
        until = self.until.isoformat() if self.until else None
        return {"kind": self.kind, "from": self.start.isoformat(), "until": until, "why": self.why}


class _Towards(NamedTuple):
    """What has come in for a Fed call, dollars: deposits, and initial margin that closes have released."""

    paid_in: float = 0.0
    released: float = 0.0


class CallBook:
    """The calls and restrictions of one account.

    ``rules_on(day)`` gives the rules of a day: a call keeps the clocks of the day it was measured on. ``binding`` False (rules off) lists
    calls but sets no restriction. ``restrictions_now`` are those in force since the last :meth:`renew`.
    """

    def __init__(self, rules_on: Callable[[date], Any], *, binding: bool) -> None:
        self.rules_on = rules_on
        self.binding = binding
        self.calls: list[MarginCall] = []
        self.restrictions: list[Restriction] = []
        self.restrictions_now: list[Restriction] = []
        self.owing = False  # some call could be met by the next event
        self._pending_events: list[tuple[str, MarginCall]] = []  # (what happened, call), until :meth:`renew` hands them out
        self._fed: list[tuple[int, _Towards]] = []  # Fed calls that the last close left unmet, by index
        self._at_close: tuple[float, float] | None = None  # of a measured close: (deposits, release) that it has counted for them
        self._met_since: set[str] = set()  # Fed calls met after that close

    def copy(self) -> CallBook:
        """An independent twin."""
        twin = CallBook(self.rules_on, binding=self.binding)
        twin.calls, twin.restrictions = self.calls[:], self.restrictions[:]
        twin.restrictions_now, twin.owing = self.restrictions_now[:], self.owing
        twin._fed, twin._at_close, twin._met_since = self._fed[:], self._at_close, set(self._met_since)
        return twin

    def open(self, *kinds: CallKind) -> list[MarginCall]:
        """Calls neither met nor expired nor closed, of these kinds (default: all)."""
        return [call for call in self.calls if call.is_open and (not kinds or call.kind in kinds)]

    def renew(self, session: date) -> tuple[list[tuple[str, MarginCall]], list[tuple[Restriction, bool]]]:
        """Brings ``restrictions_now`` to what binds now: (what has happened to calls since the last time, restrictions that ended or began)."""
        before, self.restrictions_now = self.restrictions_now, [r for r in self.restrictions if r.holds_on(session)]
        kept = {(r.kind, r.why, r.start) for r in self.restrictions_now}
        known = {(r.kind, r.why, r.start) for r in before}
        changed = [(r, False) for r in before if (r.kind, r.why, r.start) not in kept]
        changed += [(r, True) for r in self.restrictions_now if (r.kind, r.why, r.start) not in known]
        events, self._pending_events = self._pending_events, []
        self.owing = any(call.satisfied_on is None and call.status != "closed" for call in self.calls)
        return events, changed

    # -- restrictions

    def restrict(self, restriction: Restriction) -> None:
        """Sets a restriction, unless nothing is refused at all."""
        if self.binding:
            self.restrictions.append(restriction)

    def end(self, restriction: Restriction, until: date) -> None:
        """``until`` becomes the last restricted day, and the restriction binds no more; one that never came into force is dropped."""
        i = self.restrictions.index(restriction)
        if until < restriction.start:
            del self.restrictions[i]
        else:
            self.restrictions[i] = restriction._replace(until=until, lifted=True)

    def restriction(self, *kinds: RestrictionKind) -> Restriction | None:
        """The restriction of one of these kinds that is in force, or None."""
        for restriction in self.restrictions_now:
            if restriction.kind in kinds:
                return restriction
        return None

    # -- what comes in

    def deposited(self, session: date, amount: float) -> None:
        """A deposit counts for every day-trade call since its issue."""
        for i, call in enumerate(self.calls):
            if call.kind == "day_trade" and call.satisfied_on is None and session >= call.issued_on:
                self.calls[i] = replace(call, received=call.received + amount)

    def fed_deposits(self, deposits: float) -> None:
        """``deposits`` less withdrawals since the last regular close meet Fed calls at once, the oldest first.

        Told as the sum, so that money which comes and goes on one day has done nothing. A call once met stays met.
        """
        before, release = self._at_close or (0.0, 0.0)
        self._write(before + deposits, release)

    def fed_took(self, deposits: float) -> float:
        """Of ``deposits`` less withdrawals since the last regular close: the dollars that Fed calls take."""
        before, release = self._at_close or (0.0, 0.0)
        return self._taken(before + deposits, release) - self._taken(before, release)

    def fed_close(self, deposits: float, release: float) -> tuple[float, float]:
        """The regular close: ``deposits`` as they stand, and the day's net ``release`` of initial margin if it is one.

        Returns the dollars of each that Fed calls took. Asked again, the last answer counts.
        """
        self._at_close = (deposits, max(0.0, release))
        self._write(*self._at_close)
        paid_in = self._taken(deposits, 0.0)
        return paid_in, self._taken(*self._at_close) - paid_in

    def _received(self, deposits: float, release: float) -> list[_Towards]:
        """What has come in for each unmet Fed call: the oldest first, deposits before what the close releases. A net withdrawal takes back
        what deposits had brought, from the newest on, down to nothing."""
        had = [towards for _, towards in self._fed]
        back = max(0.0, -deposits)
        for k in reversed(range(len(had))):
            if self.calls[self._fed[k][0]].satisfied_on is None:
                taken = min(back, had[k].paid_in)
                back -= taken
                had[k] = had[k]._replace(paid_in=had[k].paid_in - taken)
        for name, left in (("paid_in", max(0.0, deposits)), ("released", release)):
            for k, (i, _) in enumerate(self._fed):
                share = min(left, max(0.0, self.calls[i].amount - sum(had[k])))
                left -= share
                had[k] = had[k]._replace(**{name: getattr(had[k], name) + share})
        return had

    def _taken(self, deposits: float, release: float) -> float:
        """The same in dollars together; a call once met has taken all of its amount."""
        found = 0.0
        for (i, before), received in zip(self._fed, self._received(deposits, release), strict=True):
            call = self.calls[i]
            done = call.satisfied_on is not None and call.id not in self._met_since
            found += (call.amount if done else sum(received)) - sum(before)
        return found

    def _write(self, deposits: float, release: float) -> None:
        for (i, _), received in zip(self._fed, self._received(deposits, release), strict=True):
            if self.calls[i].satisfied_on is None:
                self.calls[i] = replace(self.calls[i], received=sum(received))

    def level_moved(self, rise: float) -> None:
        """A transaction of the customer's raised (negative: lowered) the intraday margin level: what counts where gains of the market do not."""
        for i, call in enumerate(self.calls):
            if call.kind == "intraday_margin" and call.satisfied_on is None:
                self.calls[i] = replace(call, received=call.received + rise)

    def meet(self, session: date, excess: Callable[[], float], *, after_close: bool = False) -> bool:
        """After an event: calls that are met now. ``excess()`` is equity less maintenance margin. True if any was."""
        found = False
        for i, call in enumerate(self.calls):
            if call.satisfied_on is not None or session < call.issued_on or not call.is_open:
                continue
            if (call.kind in ("fed", "day_trade") and not below(call.received, call.amount)) or (
                call.kind == "maintenance" and not below(excess(), 0.0)
            ):
                self._meet(i, session, after_close=after_close)
                found = True
        return found

    def _meet(self, i: int, day: date, *, after_close: bool = False) -> None:
        self._move(i, "met", day)
        call = self.calls[i]
        if call.kind == "fed" and self._at_close is not None and below(sum(self._received(*self._at_close)[self._place(i)]), call.amount):
            self._met_since.add(call.id)
        for restriction in [r for r in self.restrictions if r.why == call.id and call.kind != "fed"]:
            if restriction.until is not None and restriction.until < day:
                continue
            if restriction.kind != "no_day_trades" or call.kind != "day_trade":
                self.end(restriction, day)  # the rest of the due day is free too
            elif restriction.rule == "dt_open_call_restriction":  # day trades resume after the next close
                last = self._last_day(restriction.kind, sessions.next_session(day) if after_close else day)
                self.restrictions[self.restrictions.index(restriction)] = restriction._replace(until=last)

    def _place(self, i: int) -> int:
        return next(k for k, (index, _) in enumerate(self._fed) if index == i)

    def _move(self, i: int, event: CallEvent, day: date) -> None:
        before = self.calls[i]
        self.calls[i] = after = move(before, event, day)
        if after.status != before.status:
            self._pending_events.append((after.status, after))

    # -- the close

    def close(self, rules: Rules, closing: Closing, *, level: float = 0.0, deposits: float = 0.0) -> None:
        """A session has closed: what its end meets, deadlines that pass with it, and the calls that it makes.

        What happened between the close and the issue counts for them: ``level``, by which transactions moved the intraday margin level,
        and ``deposits`` less withdrawals.
        """
        self.meet(closing.session, lambda: closing.equity - closing.maintenance_margin)
        self._meet_at_close(closing, level)
        self._pass_deadlines(closing.session)
        for breach in breaches(rules, closing):
            if breach.kind in ("maintenance", "minimum_equity") and breach.kind in closing.open_kinds:
                continue  # one at a time: the open one keeps its amount
            call = self.issue(breach, rules, closing)
            if call.kind == "intraday_margin":
                self.calls[-1] = replace(call, received=level)
        self._begin_fed()
        self._write(deposits, 0.0)

    def _begin_fed(self) -> None:
        """From the close on: Fed calls that it left unmet with what they had received then, and those that it made."""
        received = dict(zip((i for i, _ in self._fed), self._received(*self._at_close or (0.0, 0.0)), strict=True))
        self._fed = [
            (i, received.get(i, _Towards()))
            for i, call in enumerate(self.calls)
            if call.kind == "fed" and (call.satisfied_on is None or call.id in self._met_since)
        ]
        self._at_close, self._met_since = None, set()

    def _meet_at_close(self, closing: Closing, since: float) -> None:
        """``since``: by how much transactions have moved the margin level after the close; that is for the next one."""
        day = closing.session
        for i, call in enumerate(self.calls):
            if call.satisfied_on is not None or day < call.issued_on or call.status == "closed":
                continue
            if call.kind == "intraday_margin":
                gains = self.rules_on(call.measured_on).imd_gains_count
                rise = closing.margin_level - call.margin_level if gains else call.received - since
                met = not below(rise, call.amount)
            elif call.kind == "minimum_equity":
                unlevered = call.parameter == "margin_min_equity" and not below(closing.cash, 0.0) and not closing.short
                met = unlevered or not below(closing.equity, call.facts["required"])
            else:
                continue
            if met:
                self._meet(i, day)

    def _pass_deadlines(self, day: date) -> None:
        for i in range(len(self.calls)):
            call = self.calls[i]
            if call.status == "open" and call.due_on is not None and day >= call.due_on:
                self._move(i, "past_due", day)
                if call.kind == "day_trade":
                    self._unmet(call)
            if call.kind != "intraday_margin" or call.satisfied_on is not None:
                continue
            rules = self.rules_on(call.measured_on)
            if day == sessions.add_business_days(call.measured_on, rules.imd_prompt_days):
                self._fail(i, day, rules)
            if self.calls[i].is_open and day >= sessions.add_business_days(call.measured_on, rules.imd_expiry_days):
                self._move(i, "expired", day)

    def _unmet(self, call: MarginCall) -> None:
        """A day-trade call unmet when due: what that brings, for ninety days from the day after; where liquidation only goes on, nothing.

        Cash available only is for those whom the open call restricted: pattern day traders, by the rule.
        """
        assert call.due_on is not None
        rules = self.rules_on(call.measured_on)
        kind = rules.dt_unmet_restriction
        if rules.dt_open_call_restriction == "liquidation_only":
            return
        if kind == "cash_available" and all(r.why != call.id for r in self.restrictions):
            return
        rule = "dt_cash_basis_days" if kind == "cash_available" else "dt_unmet_restriction"
        first, last = call.due_on + timedelta(days=1), call.due_on + timedelta(days=rules.dt_cash_basis_days)
        because = f"the day-trade call of {dollars(call.amount)} was not met by {call.due_on}"
        self._restrict_for_call(Restriction(kind, first, last, call.id, rule, because))

    def _restrict_for_call(self, restriction: Restriction) -> None:
        """What a day-trade call brings; day trades are barred no longer than there are rules of day trades."""
        last = restriction.until
        if last is not None and restriction.kind == "no_day_trades":
            last = self._last_day(restriction.kind, last)
            if last < restriction.start:
                return
        self.restrict(restriction._replace(until=last))

    def _last_day(self, kind: RestrictionKind, day: date) -> date:
        """``day``, or the last one of the pattern day trader rules if that is earlier and day trades are what is barred."""
        rules = self.rules_on(day)
        if kind != "no_day_trades" or rules.regime == PDT:
            return day
        switch: date = rules.switch_day
        return switch - timedelta(days=1)

    def _fail(self, i: int, day: date, rules: Rules) -> None:
        """An intraday deficit unmet at the close of the fifth business day: a failure, and with enough of them a frozen account, or one that
        may only close."""
        self.calls[i] = call = replace(self.calls[i], failed_on=day)
        since = months_before(day, rules.practice_months)
        failures = [c for c in self.calls if c.failed_on is not None and c.failed_on > since and not c.minor]
        if len(failures) >= rules.practice_failures:
            last = day + timedelta(days=rules.imd_freeze_days)
            because = f"the intraday margin deficit of {dollars(call.amount)} was not met by {day}"
            kind = rules.imd_freeze_restriction
            rule = "imd_freeze_days" if kind == "ninety_day_freeze" else "imd_freeze_restriction"
            self.restrict(Restriction(kind, day + timedelta(days=1), last, call.id, rule, because))

    # -- issuing

    def issue(self, breach: Breach, rules: Rules, closing: Closing) -> MarginCall:
        """The call that ``breach`` makes, and the restriction that holds while it is open."""
        call = issued(f"c{len(self.calls) + 1}", breach, rules, closing)
        self.calls.append(call)
        self._pending_events.append(("issued", call))
        kind = rules.dt_open_call_restriction if call.kind == "day_trade" else None
        if kind is not None and (kind != "buying_power_2x" or closing.pattern_day_trader):
            rule = "dt_multiple_under_call" if kind == "buying_power_2x" else "dt_open_call_restriction"
            last = None if kind == "liquidation_only" else call.due_on
            because = f"the day-trade call of {dollars(call.amount)} is open"
            self._restrict_for_call(Restriction(kind, call.issued_on, last, call.id, rule, because))
        elif call.kind == "fed":
            self._count_fed(call, rules)
        return call

    def issue_at_once(self, breach: Breach, rules: Rules, closing: Closing) -> MarginCall:
        """A call made during the session, measured, issued and due on it."""
        day = closing.session
        call = replace(issued(f"c{len(self.calls) + 1}", breach, rules, closing), issued_on=day, due_on=day)
        self.calls.append(call)
        self._pending_events.append(("issued", call))
        return call

    def _count_fed(self, call: MarginCall, rules: Rules) -> None:
        since = months_before(call.issued_on, rules.fed_call_window_months)
        recent = [c for c in self.calls if c.kind == "fed" and c.issued_on > since]
        if len(recent) >= rules.fed_calls_before_restriction:
            last = call.issued_on + timedelta(days=rules.fed_restriction_days - 1)
            because = f"{len(recent)} Fed calls in {rules.fed_call_window_months} months"
            self.restrict(Restriction("liquidation_only", call.issued_on, last, call.id, "fed_calls_before_restriction", because))

    def drop_minimum_equity(self, day: date, because_of: str) -> None:
        """The regime ended, or the designation was lifted: an open $25,000 call is closed, without having been met."""
        for i, call in enumerate(self.calls):
            if call.kind == "minimum_equity" and call.is_open and call.parameter == because_of:
                self._move(i, "closed", day)

    def due_on(self, day: date) -> list[MarginCall]:
        """Open calls that are due at the close of ``day``."""
        return [call for call in self.calls if call.status == "open" and call.due_on == day]


def months_before(day: date, months: int) -> date:
    """The same day of the month ``months`` earlier, the last one of that month if there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    month += 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError(day)
