"""Where an account as bt_pdt has it and as its brokerage states it differ: each difference with its amount and its likely cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ...account import cash_moves
from ...core.errors import BadInput
from ...core.journal import AdoptEntry
from ...core.money import SHARE_DUST, cents, dollars, shares
from .securities import NAMES, STOCK, kind_of

if TYPE_CHECKING:
    from ...account.account import Account

#: Money within which two figures are the same: a cent for cash, and for what prices move a dollar a thousand.
CENT = 0.0151


@dataclass(frozen=True)
class Difference:
    """One figure that differs. ``name`` is the brokerage's field, or ``position SYMBOL``; ``amount`` is theirs less ours."""

    name: str
    theirs: float
    ours: float
    amount: float
    cause: str

    @property
    def sentence(self) -> str:
        """The difference in words."""
        if self.name.startswith("position "):
            text = f"{self.name}: {shares(self.theirs)} at the brokerage, {shares(self.ours)} here"
        elif self.name == "daytrade_count":
            text = f"daytrade_count is {self.theirs:g} at the brokerage, {self.ours:g} here"
        else:
            text = f"{self.name} is {dollars(self.theirs)} at the brokerage, {dollars(self.ours)} here (difference {dollars(self.amount)})"
        return f"{text}: {self.cause}."

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain values."""
        return asdict(self) | {"amount": cents(self.amount)}


def number(row: Mapping[str, Any], name: str) -> float | None:
    """A figure that the brokerage writes as text; None where it is not there."""
    value = row.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} must be a number, got {value!r}.") from None


def signed(row: Mapping[str, Any]) -> float:
    """The shares of a position row, negative for a short one."""
    qty = number(row, "qty") or 0.0
    side = str(row.get("side") or "").lower()
    return -abs(qty) if side == "short" else abs(qty) if side == "long" else qty


def differences(state: Any, account: Mapping[str, Any] | None, positions: Iterable[Mapping[str, Any]] | None) -> list[Difference]:
    """Where ``state`` (an :class:`~bt_pdt.state.AccountState`) and the brokerage's account and positions differ, positions first."""
    found: list[Difference] = []
    foreign_kinds: list[str] = []
    foreign = {"long_market_value": 0.0, "short_market_value": 0.0, "equity": 0.0}
    listed: dict[str, float] = {}
    for row in positions or ():
        kind = kind_of(row)
        if kind != STOCK:
            worth = number(row, "market_value") or 0.0
            foreign["equity"] += worth
            foreign["long_market_value" if worth > 0 else "short_market_value"] += worth
            foreign_kinds.append(NAMES[kind][1])
        else:
            listed[str(row.get("symbol"))] = signed(row)
    if positions is not None:
        for symbol in sorted(listed.keys() | state.positions.keys()):
            theirs, ours = listed.get(symbol, 0.0), state.positions.get(symbol, 0.0)
            if abs(theirs - ours) > max(1e-6, SHARE_DUST):
                found.append(Difference(f"position {symbol}", theirs, ours, theirs - ours, _why_shares(theirs, ours)))
    if account is None:
        return found
    left_out = f"{' and '.join(dict.fromkeys(foreign_kinds))} worth {dollars(foreign['equity'])} are left out here" if foreign_kinds else ""
    position_differs = bool(found)
    for name in ("cash", "long_market_value", "short_market_value", "equity", "daytrade_count"):
        stated, here = number(account, name), getattr(state, name)
        if stated is None or here is None:
            continue
        theirs, ours = stated, float(here)
        gap = theirs - ours
        near = CENT if name == "cash" else 0.5 if name == "daytrade_count" else max(CENT, abs(theirs) / 1000.0)
        if abs(gap) <= near:
            continue
        found.append(
            Difference(
                name,
                theirs,
                ours,
                gap,
                _why(name, gap, account, positions, left_out, foreign.get(name, 0.0), position_differs, near),
            )
        )
    return found


def adopt_into(account: Account, found: Iterable[Difference], positions: Iterable[Mapping[str, Any]] | None) -> None:
    """Takes the brokerage's cash, positions and day trades over; each is journalled. What follows from them follows."""
    prices = {str(row.get("symbol")): number(row, "current_price") or number(row, "lastday_price") for row in positions or ()}
    for each in found:
        symbol = each.name.removeprefix("position ")
        if symbol != each.name:
            account.move_shares(symbol, each.amount, prices.get(symbol))
        elif each.name == "cash":
            cash_moves.adopt(account, each.amount)
        elif each.name == "daytrade_count" and each.amount > 0:
            account.add_day_trades("(unknown)", int(each.amount))
        else:
            continue
        account.record.write(AdoptEntry(account.now, account.session, each.name, each.theirs, each.ours, each.cause))


def _why_shares(theirs: float, ours: float) -> str:
    if ours == 0.0:
        return "it was bought or came in by something that is not in these files"
    if theirs == 0.0:
        return "it was sold or went out by something that is not in these files"
    ratio = theirs / ours
    if ratio > 0 and abs(ratio - 1.0) > 0.2 and (abs(ratio - round(ratio)) < 1e-6 or abs(1 / ratio - round(1 / ratio)) < 1e-6):
        return f"a split of {ratio:g} for 1 that is not in these files, or executions that are missing"
    return "executions or transfers are missing in these files, or the statement is of another moment"


def _why(
    name: str,
    gap: float,
    account: Mapping[str, Any],
    positions: Iterable[Mapping[str, Any]] | None,
    left_out: str,
    foreign_value: float,
    position_differs: bool,
    near: float,
) -> str:
    if name == "cash":
        fees = (number(account, "accrued_fees") or 0.0) + (number(account, "pending_reg_taf_fees") or 0.0)
        if fees and abs(abs(gap) - abs(fees)) <= CENT:
            return "the day's fees that are not booked yet"
        return "money moved by something that is not in these files, or the opening cash was given wrong"
    if name == "daytrade_count":
        return "day trades before these files, or (at Alpaca) those that open orders could still make"
    if left_out and abs(gap - foreign_value) <= near:
        return left_out
    if positions is None and (number(account, "long_market_value") or number(account, "short_market_value")):
        return "what was held throughout is not known; give positions.json"
    if position_differs:
        return "the positions differ"
    if left_out:
        return f"{left_out}, and prices are of another moment"
    return "the last prices known here are of another moment"
