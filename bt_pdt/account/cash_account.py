"""The money of a cash account: what is settled, what every purchase was paid with, and the violations that follow (12 CFR 220.8).

    settled + unsettled - owed = trade-date cash

A purchase spends settled money first, then proceeds that have not settled, the earliest first; what is left has no funds at all and is
owed. What is owed is paid by money that comes in (deposits, settled proceeds), or covered by the proceeds of a sale: of another security,
then it is paid when they settle; of the purchase itself, then it is not paid, and they are held back until fresh money comes or the
payment period ends.

A purchase is what is bought of one security in one session without a sale of it in between, in however many executions. It makes each
kind of violation at most once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..core import sessions
from ..core.money import SHARE_DUST, cents, dollars, exceeds
from ..law.rulebook import Rules
from .call_book import Restriction, months_before

#: Kind of violation -> the parameter that says how many of them restrict the account.
STRIKES = {"good_faith": "gfv_strikes", "free_riding": "freeride_strikes", "cash_liquidation": "cash_liquidation_strikes"}


class Violation(NamedTuple):
    """What a cash account should not have done. ``symbol`` is the security bought, ``amount`` the dollars it was not paid with in time.

    ``session`` is the day on which it is established. ``sold_on`` is the day of the sale: of the same security, for a cash liquidation
    of the other one. ``bought_on`` is the purchase's day, ``due_on`` the one by which it was to be paid.
    """

    kind: str
    session: date
    symbol: str
    amount: float
    sold_on: date | None
    rule: str
    because: str
    bought_on: date | None = None
    due_on: date | None = None

    @property
    def same_day(self) -> bool:
        """Bought and sold on one day."""
        return self.sold_on is not None and self.sold_on == self.bought_on

    def to_dict(self) -> dict[str, Any]:
        """The violation's line in a report: days as text, dollars in cents."""
        return {
            "kind": self.kind,
            "session": self.session.isoformat(),
            "symbol": self.symbol,
            "amount": cents(self.amount),
            "sold_on": self.sold_on.isoformat() if self.sold_on else None,
            "rule": self.rule,
            "because": self.because,
        }


class _Sale(NamedTuple):
    """Where proceeds come from. ``own``: of a purchase that was not paid for, so they pay for no sale before payment."""

    settles_on: date
    sold_on: date
    symbol: str
    own: bool = False


class _Lot(NamedTuple):
    """Shares bought alike, in ``purchase`` (0: carried, or paid for long since); what was spent on them settles by ``unsettled_until``."""

    qty: float
    purchase: int = 0
    unsettled_until: date | None = None
    unfunded: bool = False


class _Purchase(NamedTuple):
    """A purchase until it is paid for: ``spent`` of unsettled proceeds, ``owed`` without any funds, ``covers`` for what had none."""

    symbol: str
    day: date
    settles_on: date
    due_on: date
    spent: tuple[tuple[_Sale, float], ...] = ()
    owed: float = 0.0
    covers: tuple[tuple[_Sale, float], ...] = ()
    sold_on: date | None = None  # first sold before it was paid for
    missing: float = 0.0  # not paid when it was first sold
    withdrawn: bool = False  # money left the account between that sale and payment
    counted: tuple[str, ...] = ()

    def unpaid(self, day: date) -> float:
        """Dollars that neither funds nor fresh money have paid by ``day``."""
        return self.owed + sum(amount for sale, amount in self.covers if sale.own or sale.settles_on > day)

    def unsettled(self, day: date) -> float:
        """Dollars paid with proceeds, but not its own, that have not settled on ``day``."""
        paid_with = self.spent + tuple(cover for cover in self.covers if not cover[0].own)
        return sum(amount for sale, amount in paid_with if sale.settles_on > day)

    def late(self) -> list[tuple[_Sale, float]]:
        """Covers by the sale of another security whose proceeds come after this purchase settles."""
        return [c for c in self.covers if not c[0].own and c[0].symbol != self.symbol and c[0].settles_on > self.settles_on]


class CashBook:
    """The settled and unsettled money of one cash account, its lots, first in first out, and its violations.

    ``cash`` is settled (negative: owed) and what is ``carried`` is paid for. Every session is started and closed.
    """

    def __init__(self, cash: float, carried: Mapping[str, float] | None = None) -> None:
        self.violations: list[Violation] = []
        self._settled = max(0.0, cash)
        self._debit = max(0.0, -cash)  # owed for no purchase in particular
        self._unsettled: dict[_Sale, float] = {}
        self._lots: dict[str, list[_Lot]] = {symbol: [_Lot(qty)] for symbol, qty in (carried or {}).items() if qty > SHARE_DUST}
        self._purchases: dict[int, _Purchase] = {}  # the oldest first
        self._buying: dict[str, int] = {}  # symbol -> the purchase that further executions belong to
        self._last = 0

    def copy(self) -> CashBook:
        """An independent twin, for asking what would happen."""
        twin = CashBook(0.0)
        twin.violations = self.violations[:]
        twin._settled, twin._debit, twin._last = self._settled, self._debit, self._last
        twin._unsettled = self._unsettled.copy()
        twin._lots = {symbol: lots[:] for symbol, lots in self._lots.items()}
        twin._purchases, twin._buying = self._purchases.copy(), self._buying.copy()
        return twin

    # -- the money

    @property
    def settled(self) -> float:
        """Settled cash that can be spent now: what purchases have used is gone, what is owed comes first."""
        return self._settled

    @property
    def unsettled(self) -> float:
        """Proceeds that have not settled and that no purchase has used."""
        return sum(self._unsettled.values())

    @property
    def owed(self) -> float:
        """What was bought or withdrawn without any funds and is not covered yet; above 0 only when nothing can be spent."""
        return self._debit + sum(purchase.owed for purchase in self._purchases.values())

    @property
    def cash(self) -> float:
        """Trade-date cash: settled + unsettled - owed."""
        return self._settled + self.unsettled - self.owed

    # -- what happens

    def start(self, day: date) -> None:
        """A session begins: what settles by ``day`` is settled."""
        self._buying.clear()
        for sale in sorted(sale for sale in self._unsettled if sale.settles_on <= day):
            self._receive(day, self._unsettled.pop(sale), fresh=not sale.own)

    def bought(self, day: date, symbol: str, qty: float, cost: float, rules: Rules) -> None:
        """``qty`` shares bought for ``cost``, commission included: paid with settled money, then unsettled, then none."""
        spent, unpaid = self._spend(cost)
        number = self._purchase(day, symbol, rules)
        purchase = self._purchases[number]
        self._purchases[number] = purchase._replace(spent=purchase.spent + spent, owed=purchase.owed + unpaid)
        unsettled_until = max((sale.settles_on for sale, _ in spent), default=None)
        _add(self._lots.setdefault(symbol, []), _Lot(qty, number, unsettled_until, unfunded=unpaid > 0))

    def _purchase(self, day: date, symbol: str, rules: Rules) -> int:
        """The number of the purchase of ``symbol`` under way, a new one if there is none."""
        if self._buying.get(symbol) not in self._purchases:
            self._last += 1
            settles_on = sessions.settlement_date(day, rules.settlement_days)
            due_on = sessions.add_business_days(day, rules.regt_payment_days)
            self._purchases[self._last] = _Purchase(symbol, day, settles_on, due_on)
            self._buying[symbol] = self._last
        return self._buying[symbol]

    def sold(self, day: date, symbol: str, qty: float, proceeds: float, rules: Rules) -> list[Violation]:
        """``qty`` shares sold for ``proceeds``, less commission; answers with the good faith violations that this makes.

        Shares that are in no lot count as paid for.
        """
        self._buying.pop(symbol, None)
        if proceeds < 0:
            self.moved(day, proceeds, charge=True)
            proceeds = 0.0
        sale = _Sale(sessions.settlement_date(day, rules.settlement_days), day, symbol)
        lots = self._lots.get(symbol, [])
        found: list[Violation] = []
        left = qty
        while left > SHARE_DUST and lots:
            lot = lots[0]
            piece = min(left, lot.qty)
            part = proceeds if left - piece <= SHARE_DUST else proceeds * piece / left
            left -= piece
            proceeds -= part
            if lot.qty - piece > SHARE_DUST:
                lots[0] = lot._replace(qty=lot.qty - piece)
            else:
                del lots[0]
            found += self._sold_of(lot, sale, part)
            if lot.purchase in self._purchases and lot.purchase not in {rest.purchase for rest in lots[:1]}:
                self._forget(lot.purchase, day)
        self._earn(sale, proceeds)
        if not lots:
            self._lots.pop(symbol, None)
        self.violations += found
        return found

    def _sold_of(self, lot: _Lot, sale: _Sale, amount: float) -> list[Violation]:
        """A piece of ``lot`` was sold for ``amount``: what its purchase owes is held back of it, the rest can be spent."""
        found: list[Violation] = []
        purchase = self._purchases.get(lot.purchase)
        if purchase is not None:
            day = sale.sold_on
            waits = [lot.unsettled_until] if lot.unsettled_until else []
            if lot.unfunded:
                waits += [cover.settles_on for cover, _ in purchase.covers if not cover.own]
            if waits and day < max(waits) and exceeds(purchase.unsettled(day), 0.0) and "good_faith" not in purchase.counted:
                found.append(_good_faith(purchase, max(waits), day))
                purchase = purchase._replace(counted=(*purchase.counted, "good_faith"))
            if exceeds(purchase.unpaid(day), 0.0):
                sale = sale._replace(own=True)
                held = min(amount, purchase.owed)
                amount -= held
                if lot.unfunded and purchase.sold_on is None:
                    purchase = purchase._replace(sold_on=day, missing=purchase.unpaid(day))
                covers = (*purchase.covers, (sale, held)) if held else purchase.covers
                purchase = purchase._replace(owed=purchase.owed - held, covers=covers)
            self._purchases[lot.purchase] = purchase
        self._earn(sale, amount)
        return found

    def moved(self, day: date, amount: float, *, charge: bool = False) -> None:
        """Money in (deposit, dividend, interest earned) or, negative, out; settled at once.

        What comes in pays for purchases first, the oldest first. What goes out counts as a withdrawal unless it is a ``charge`` (fee,
        interest): a purchase that was sold before it was paid for can then no longer be made good.
        """
        if amount >= 0:
            self._receive(day, amount, fresh=True)
            return
        self._debit += self._spend(-amount)[1]
        if not charge:
            for number, purchase in self._purchases.items():
                if purchase.sold_on and exceeds(purchase.unpaid(day), 0.0):
                    self._purchases[number] = purchase._replace(withdrawn=True)

    def split(self, symbol: str, ratio: float) -> None:
        """A stock split: ``ratio`` new shares for each old one."""
        if symbol in self._lots:
            self._lots[symbol] = [lot._replace(qty=lot.qty * ratio) for lot in self._lots[symbol]]

    def transfer(self, symbol: str, qty: float) -> None:
        """Shares come in, paid for, or go out, the oldest first."""
        lots = self._lots.setdefault(symbol, [])
        if qty > 0:
            lots.append(_Lot(qty))
            return
        left = -qty
        while left > SHARE_DUST and lots:
            taken = min(left, lots[0].qty)
            lots[0] = lots[0]._replace(qty=lots[0].qty - taken)
            left -= taken
            if lots[0].qty <= SHARE_DUST:
                lots.pop(0)

    def close(self, day: date, rules: Rules) -> list[Violation]:
        """The end of the session ``day``: sales before payment whose payment period is over, purchases that settled without the money."""
        found: list[Violation] = []
        for number, purchase in list(self._purchases.items()):
            made = (
                _free_riding(purchase, day),
                _cash_liquidation(purchase, day),
                _cured(purchase, day) if rules.freeride_cured_is_gfv else None,
            )
            violations = [v for v in made if v and v.kind not in purchase.counted]
            found += violations
            counted = purchase.counted + tuple(v.kind for v in violations)
            over = purchase.due_on <= day
            covers = tuple((sale, amount) for sale, amount in purchase.covers if (not over if sale.own else sale.settles_on > day))
            self._purchases[number] = purchase._replace(covers=covers, counted=counted)
            if not exceeds(purchase.unsettled(day), 0.0):
                self._forget(number, day)
        for symbol, lots in self._lots.items():
            merged: list[_Lot] = []
            for lot in lots:
                _add(merged, lot if lot.purchase in self._purchases else _Lot(lot.qty))
            self._lots[symbol] = merged
        self.violations += found
        return found

    def strikes(self, day: date, rules: Rules, kind: str) -> list[Violation]:
        """Violations of ``kind`` in the rolling months that end on ``day``."""
        return strikes(self.violations, day, rules, kind)

    # -- inside

    def _spend(self, amount: float) -> tuple[tuple[tuple[_Sale, float], ...], float]:
        """Takes ``amount`` of settled, then unsettled money; answers with the unsettled that it took and what was not there."""
        piece = min(amount, self._settled)
        self._settled -= piece
        amount -= piece
        spent = []
        while amount > 0 and self._unsettled:
            sale = min(self._unsettled)
            piece = min(amount, self._unsettled[sale])
            amount -= piece
            self._unsettled[sale] -= piece
            if self._unsettled[sale] <= 0:
                del self._unsettled[sale]
            spent.append((sale, piece))
        return tuple(spent), amount

    def _earn(self, sale: _Sale, amount: float) -> None:
        """Proceeds of a sale, before they settle: they cover what is owed, the oldest purchase first; the rest can be spent."""
        piece = min(amount, self._debit)
        self._debit -= piece
        amount -= piece
        for number, purchase in self._purchases.items():
            piece = min(amount, purchase.owed)
            if piece > 0:
                cover = (sale._replace(own=False), piece)
                self._purchases[number] = purchase._replace(owed=purchase.owed - piece, covers=(*purchase.covers, cover))
                amount -= piece
        if amount > 0:
            self._unsettled[sale] = self._unsettled.get(sale, 0.0) + amount

    def _receive(self, day: date, amount: float, *, fresh: bool) -> None:
        """Settled money comes in: it pays what is owed and, if ``fresh``, takes the place of covers, whose proceeds are free again."""
        piece = min(amount, self._debit)
        self._debit -= piece
        amount -= piece
        freed: list[tuple[_Sale, float]] = []
        for number, purchase in self._purchases.items():
            if not purchase.owed and not purchase.covers:
                continue
            piece = min(amount, purchase.owed)
            amount -= piece
            covers = []
            for sale, held in purchase.covers:
                takes = fresh and (not purchase.withdrawn if sale.own else sale.settles_on > day)
                paid = min(amount, held) if takes else 0.0
                amount -= paid
                if paid:
                    freed.append((sale, paid))
                if held > paid:
                    covers.append((sale, held - paid))
            self._purchases[number] = purchase._replace(owed=purchase.owed - piece, covers=tuple(covers))
        self._settled += amount
        for sale, paid in freed:
            if sale.settles_on <= day:
                self._receive(day, paid, fresh=False)
            else:
                self._earn(sale, paid)

    def _forget(self, number: int, day: date) -> None:
        """Drops a purchase of which nothing can come any more, unless it is not paid for."""
        purchase = self._purchases[number]
        if not exceeds(purchase.unpaid(day), 0.0):
            self._debit += purchase.owed
            del self._purchases[number]


def _add(lots: list[_Lot], lot: _Lot) -> None:
    """Puts ``lot`` last; shares bought alike are one lot."""
    if lots and lots[-1][1:] == lot[1:]:
        lots[-1] = lot._replace(qty=lots[-1].qty + lot.qty)
    else:
        lots.append(lot)


# -- the violations


def _good_faith(purchase: _Purchase, settles_on: date, day: date) -> Violation:
    """Bought with proceeds that had not settled, sold before they did."""
    amount = purchase.unsettled(day)
    because = (
        f"{purchase.symbol} was bought on {purchase.day} with {dollars(amount)} of proceeds that settle on {settles_on}; sold on {day}."
    )
    return Violation("good_faith", day, purchase.symbol, amount, day, STRIKES["good_faith"], because, purchase.day, purchase.due_on)


def _free_riding(purchase: _Purchase, day: date) -> Violation | None:
    """Sold before it was paid for, and at the end of the payment period paid by nothing but that sale."""
    amount = purchase.unpaid(day)
    if purchase.sold_on is None or day < purchase.due_on or not exceeds(amount, 0.0):
        return None
    because = (
        f"{purchase.symbol} was bought on {purchase.day} and sold on {purchase.sold_on} before it was paid for; "
        + ("money was withdrawn before the payment of " if purchase.withdrawn else f"nothing but its sale paid, by {purchase.due_on}, ")
        + f"{dollars(amount)}."
    )
    days = (purchase.day, purchase.due_on)
    return Violation("free_riding", day, purchase.symbol, amount, purchase.sold_on, STRIKES["free_riding"], because, *days)


def _cured(purchase: _Purchase, day: date) -> Violation | None:
    """Sold before it was paid for, and paid in full in time: no free riding, but at some brokerages a good faith violation."""
    if purchase.sold_on is None or "free_riding" in purchase.counted or exceeds(purchase.unpaid(day), 0.0):
        return None
    because = (
        f"{purchase.symbol} was bought on {purchase.day} and sold on {purchase.sold_on} with {dollars(purchase.missing)} not paid; "
        f"it was paid by {day}, in time."
    )
    days = (purchase.day, purchase.due_on)
    return Violation("good_faith", day, purchase.symbol, purchase.missing, purchase.sold_on, STRIKES["good_faith"], because, *days)


def _cash_liquidation(purchase: _Purchase, day: date) -> Violation | None:
    """Covered by a later sale of another security, whose proceeds come after the purchase settles."""
    late = purchase.late()
    amount = sum(missing for _, missing in late)
    if day < purchase.settles_on or not exceeds(amount, 0.0):
        return None
    sale = late[0][0]
    because = (
        f"{purchase.symbol}, bought on {purchase.day}, settled on {purchase.settles_on} with {dollars(amount)} missing; "
        f"{sale.symbol} was sold for it on {sale.sold_on} and settles on {sale.settles_on}."
    )
    days = (purchase.day, purchase.due_on)
    return Violation("cash_liquidation", day, purchase.symbol, amount, sale.sold_on, STRIKES["cash_liquidation"], because, *days)


def strikes(violations: Iterable[Violation], day: date, rules: Rules, kind: str) -> list[Violation]:
    """Those of ``kind`` in the rolling months (``gfv_window_months``) that end on ``day``."""
    since = months_before(day, rules.gfv_window_months)
    return [v for v in violations if v.kind == kind and since < v.session <= day]


def freeze(violations: Iterable[Violation], new: Violation, rules: Rules) -> Restriction | None:
    """The restriction that ``new``, the last of ``violations``, causes; None while there are too few of its kind.

    Free riding: settled cash for ninety days from the sale (``regt_cash_freeze_days``, 12 CFR 220.8(c)). The others: for the brokerage's
    days (``cash_restriction_days``) from the day after the session on which the last one is established, or from the day on which its
    purchase was due (``cash_restriction_from``). Good faith violations may have further steps: settled cash until they are fewer again
    (``gfv_settled_strikes``), days for a round trip of one day (``gfv_same_day_strikes``), closing trades only (``gfv_closing_strikes``).
    """
    recent = strikes(violations, new.session, rules, new.kind)
    if new.kind == "good_faith":
        return _good_faith_step(recent, new, rules)
    if len(recent) < getattr(rules, new.rule):
        return None
    return _settled_cash(new, new.rule, _because(recent, new, rules), rules)


def _good_faith_step(recent: list[Violation], new: Violation, rules: Rules) -> Restriction | None:
    """The strictest step that so many good faith violations have reached."""
    because = _because(recent, new, rules)
    if rules.gfv_closing_strikes is not None and len(recent) >= rules.gfv_closing_strikes:
        return Restriction("closing_only", new.session + timedelta(days=1), None, "gfv_closing_strikes", "gfv_closing_strikes", because)
    found = []
    if len(recent) >= rules.gfv_strikes:
        found.append(_settled_cash(new, "gfv_strikes", because, rules))
    trips = [v for v in recent if v.same_day]
    if new.same_day and rules.gfv_same_day_strikes is not None and len(trips) >= rules.gfv_same_day_strikes:
        trip = f"{new.symbol} was bought with unsettled money and sold again on {new.session}"
        found.append(_settled_cash(new, "gfv_same_day_strikes", trip, rules))
    if rules.gfv_settled_strikes is not None and len(recent) >= rules.gfv_settled_strikes:
        last = _lapses(recent[-rules.gfv_settled_strikes].session, rules) - timedelta(days=1)
        rule = "gfv_settled_strikes"
        found.append(Restriction("ninety_day_freeze", new.session + timedelta(days=1), last, rule, rule, because))
    return max(found, key=lambda restriction: restriction.until or date.max, default=None)


def _settled_cash(new: Violation, rule: str, because: str, rules: Rules) -> Restriction:
    """Settled cash only, for the days that the regulation or the brokerage has."""
    days, due = timedelta(days=rules.cash_restriction_days), new.due_on
    by_due_day = rules.cash_restriction_from == "due_day" and due is not None
    if new.kind == "free_riding" and new.sold_on is not None:
        start, last = new.sold_on, new.sold_on + timedelta(days=rules.regt_cash_freeze_days)
        if by_due_day and due is not None:  # the regulation's days are the least
            last = max(last, due + days)
    elif by_due_day and due is not None:
        start = max(due, new.session + timedelta(days=1))
        last = due + days
    else:
        start, last = new.session + timedelta(days=1), new.session + days
    return Restriction("ninety_day_freeze", start, last, rule, rule, because)


def _because(recent: list[Violation], new: Violation, rules: Rules) -> str:
    """What led to a restriction, in the words of a sentence."""
    if new.kind == "free_riding" and new.sold_on is not None:
        return f"{new.symbol} was sold on {new.sold_on} before it was paid for"
    words = new.kind.replace("_", " ") + (" violation" if len(recent) == 1 else " violations")
    return f"{len(recent)} {words} in {rules.gfv_window_months} months, the last in {new.symbol} on {new.session}"


def _lapses(session: date, rules: Rules) -> date:
    """The first day on which a violation of ``session`` no longer adds up with others."""
    day = months_before(session, -rules.gfv_window_months)
    while months_before(day, rules.gfv_window_months) < session:
        day += timedelta(days=1)
    return day
