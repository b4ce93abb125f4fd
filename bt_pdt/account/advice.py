"""What a careful trader would want to know about an order that is accepted. Never a refusal, never about a rule that does not bind."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.decisions import Advice, AdviceCode
from ..core.money import dollars, exceeds, shares
from ..core.orders import Asset, Fill
from ..law.rulebook import PDT
from .calls import minor_limit
from .checks import OrderContext
from .executions import post
from .requirements import concentration, requirement
from .session_state import SessionState
from .valuation import intraday_requirement


def advise(context: OrderContext) -> tuple[Advice, ...]:
    """Every sentence that applies to this accepted order on this account, in a fixed order."""
    return tuple(_day_trades(context)) + tuple(_money(context))


def _day_trades(context: OrderContext) -> Iterator[Advice]:
    rules, account = context.rules, context.account
    if rules.regime != PDT:
        return
    counted = rules.pdt_check in ("entry", "exit", "both", "warn") and context.day_trades_bind() and not account.pattern_day_trader
    allowed = rules.pdt_day_trades_threshold - 1
    if counted and context.completes_day_trade():
        after = account.daytrade_count() + context.potential() + 1
        if after == allowed:
            yield Advice(
                AdviceCode.LAST_DAY_TRADE,
                f"{context.what} uses the last of {allowed} day trades in {rules.pdt_window_business_days} business days if it completes one today.",
            )
        elif after > allowed:
            yield Advice(
                AdviceCode.LAST_DAY_TRADE,
                f"{context.what} would make day trade number {after}; from {allowed + 1} on the account is a pattern day trader.",
            )
    if context.opening and not context.has_exits:
        reason = _exit_refused(context, allowed)
        if reason:
            yield Advice(
                AdviceCode.EXIT_WOULD_BE_REFUSED,
                f"closing {shares(context.opening)} {context.symbol} again today would be refused: {reason}.",
            )


def _exit_refused(context: OrderContext, allowed: int) -> str:
    rules, account = context.rules, context.account
    forbidden = account.restriction("no_day_trades")
    counted = rules.pdt_check in ("exit", "both") and context.day_trades_bind()
    already = False
    if forbidden is not None or counted:
        buys, sells = context.ledger.pending(context.symbol, context.replaces)
        already = context.ledger.run(context.symbol).would_day_trade(buys, sells)
    if forbidden is not None and not already:
        if forbidden.rule == "pdt_min_equity":
            return f"no day trades while the previous close was under {dollars(rules.pdt_min_equity)}"
        return f"no day trades, since {forbidden.because}"
    if counted and not already:
        executed = account.daytrade_count()
        if executed + context.potential() + 1 > allowed:
            return (
                f"{executed} of {allowed} day trades are made and working orders may use the rest"
                if executed < allowed
                else f"all {allowed} day trades are used"
            )
    if account.multiplier >= 4 and rules.dtbp_check in ("exit", "both"):
        exposure = max(context.ledger.peak_exposure(), context.ledger.used_today + context.charge)
        if exceeds(exposure, account.bod_dtbp):
            return f"it would bring day-traded exposure to {dollars(exposure)} of {dollars(account.bod_dtbp)} day-trading buying power"
    return ""


def _money(context: OrderContext) -> Iterator[Advice]:
    if not context.opening or context.account.multiplier == 1 or (not context.asset.marginable and context.sign > 0):
        return
    rules, account = context.rules, context.account
    mark = context.last if context.last is not None else context.price
    added = requirement(rules, context.asset, context.sign * context.opening, mark)
    equity, initial, maintenance = account.margins()
    short_of = initial + added.initial - equity
    if exceeds(short_of, rules.regt_de_minimis) and exceeds(account.fed_call_with(added.initial), rules.regt_de_minimis):
        yield Advice(
            AdviceCode.ABOVE_OVERNIGHT,
            f"held past the close it makes a Fed call: initial margin would be {dollars(initial + added.initial)}, equity is {dollars(equity)}.",
        )
    deficit, equity_then = deficit_with(account, context.asset, context.sign * context.opening, mark)
    if deficit:
        call = "" if rules.imd_call_minor or exceeds(deficit, minor_limit(rules, equity_then)) else " (minor: no call at this brokerage)"
        yield Advice(AdviceCode.DEFICIT_WOULD_FOLLOW, f"it would leave an intraday margin deficit of {dollars(deficit)}{call}.")
        return
    excess = equity - maintenance - added.maintenance
    risk = account.valuation.excess_at_risk() + context.opening * mark - context.sign * added.maintenance
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


def deficit_with(account: SessionState, asset: Asset, qty: float, price: float) -> tuple[float, float]:
    """(intraday margin deficit, equity at it) of the session if signed ``qty`` were opened now at ``price`` and that made it larger,
    else nothing: measured as the session's is, under every setting of the brokerage."""
    rules = account.rules
    if rules.regime == PDT or account.account_type == "cash":
        return 0.0, 0.0
    if account.regulation_t.day.meter.start is None and rules.imd_valuation == "mark":
        needed = requirement(rules, asset, qty, price).maintenance
        most = intraday_requirement(rules, asset, qty, price, needed)
        if rules.imd_basis != "law" and (add_on := concentration(rules)) is not None:
            most = max(most, needed + add_on.rate * (abs(qty) * price + account.valuation.sums().long_value))
        if not exceeds(most - account.margin_level(), 0.0):
            return 0.0, 0.0  # no deficit, however concentrated
    twin = account.fork()
    post(twin, Fill(asset.symbol, "buy" if qty > 0 else "sell", abs(qty), price))
    after = twin.deficit()
    return after if exceeds(after[0], account.deficit()[0]) else (0.0, 0.0)
