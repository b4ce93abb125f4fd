"""What a careful trader would want to know about an order that is accepted. Never a refusal, never about a rule that does not bind."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.decisions import Advice, AdviceCode
from ..core.money import dollars, exceeds, shares
from ..law.rulebook import PDT
from .calls import minor_limit
from .checks import Case
from .requirements import requirement


def advise(case: Case) -> tuple[Advice, ...]:
    """Every sentence that applies to this accepted order on this account, in a fixed order."""
    return tuple(_day_trades(case)) + tuple(_money(case))


def _day_trades(case: Case) -> Iterator[Advice]:
    rules, standing = case.rules, case.standing
    if rules.regime != PDT:
        return
    counted = rules.pdt_check in ("entry", "exit", "both", "warn") and case.day_trades_bind() and not standing.pattern_day_trader
    allowed = rules.pdt_day_trades_threshold - 1
    if counted and case.completes_day_trade():
        after = standing.daytrade_count() + case.potential() + 1
        if after == allowed:
            yield Advice(
                AdviceCode.LAST_DAY_TRADE,
                f"{case.what} uses the last of {allowed} day trades in {rules.pdt_window_business_days} business days if it completes one today.",
            )
        elif after > allowed:
            yield Advice(
                AdviceCode.LAST_DAY_TRADE,
                f"{case.what} would make day trade number {after}; from {allowed + 1} on the account is a pattern day trader.",
            )
    if case.opening and not case.has_exits:
        reason = _exit_refused(case, allowed)
        if reason:
            yield Advice(
                AdviceCode.EXIT_WOULD_BE_REFUSED, f"closing {shares(case.opening)} {case.symbol} again today would be refused: {reason}."
            )


def _exit_refused(case: Case, allowed: int) -> str:
    rules, standing = case.rules, case.standing
    forbidden = standing.restriction("no_day_trades")
    counted = rules.pdt_check in ("exit", "both") and case.day_trades_bind()
    already = False
    if forbidden is not None or counted:
        buys, sells = case.ledger.pending(case.symbol, case.replaces)
        already = case.ledger.run(case.symbol).would_day_trade(buys, sells)
    if forbidden is not None and not already:
        if forbidden.rule == "pdt_min_equity":
            return f"no day trades while the previous close was under {dollars(rules.pdt_min_equity)}"
        return f"no day trades, since {forbidden.because}"
    if counted and not already:
        executed = standing.daytrade_count()
        if executed + case.potential() + 1 > allowed:
            return (
                f"{executed} of {allowed} day trades are made and working orders may use the rest"
                if executed < allowed
                else f"all {allowed} day trades are used"
            )
    if standing.multiplier >= 4 and rules.dtbp_check in ("exit", "both"):
        exposure = max(case.ledger.peak_exposure(), case.ledger.used_today + case.charge)
        if exceeds(exposure, standing.bod_dtbp):
            return f"it would bring day-traded exposure to {dollars(exposure)} of {dollars(standing.bod_dtbp)} day-trading buying power"
    return ""


def _money(case: Case) -> Iterator[Advice]:
    if not case.opening or case.standing.multiplier == 1 or (not case.asset.marginable and case.sign > 0):
        return
    rules, standing = case.rules, case.standing
    mark = case.last if case.last is not None else case.price
    added = requirement(rules, case.asset, case.sign * case.opening, mark)
    equity, initial, maintenance = standing.margins()
    short_of = initial + added.initial - equity
    if exceeds(short_of, rules.regt_de_minimis) and exceeds(standing.fed_call_with(added.initial), rules.regt_de_minimis):
        yield Advice(
            AdviceCode.ABOVE_OVERNIGHT,
            f"held past the close it makes a Fed call: initial margin would be {dollars(initial + added.initial)}, equity is {dollars(equity)}.",
        )
    deficit, equity_then = standing.deficit_with(case.asset, case.sign * case.opening, mark)
    if deficit:
        call = "" if rules.imd_call_minor or exceeds(deficit, minor_limit(rules, equity_then)) else " (minor: no call at this brokerage)"
        yield Advice(AdviceCode.DEFICIT_WOULD_FOLLOW, f"it would leave an intraday margin deficit of {dollars(deficit)}{call}.")
        return
    excess = equity - maintenance - added.maintenance
    risk = standing.excess_at_risk() + case.opening * mark - case.sign * added.maintenance
    cushion = excess / risk if risk > 0 else 1.0
    if excess < 0:
        yield Advice(
            AdviceCode.NEAR_MAINTENANCE,
            f"equity would be {dollars(-excess)} under maintenance margin: held to the close it makes a maintenance call.",
        )
    elif cushion < rules.near_maintenance_move:
        yield Advice(
            AdviceCode.NEAR_MAINTENANCE,
            f"equity would be {dollars(excess)} above maintenance margin: {_any_move(cushion)} against the account reaches a margin call.",
        )


def _any_move(cushion: float) -> str:
    return f"a move of about {cushion:.1%}" if cushion >= 0.0005 else "any move"
