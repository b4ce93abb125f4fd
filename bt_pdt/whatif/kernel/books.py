"""Compiled: the ledger of one account: executions, today's runs and lots, working orders. As ``ledger`` and ``daytrades`` do it."""

from __future__ import annotations

from typing import Any

from .compiled import compiled
from .shapes import BY_DIRECTION, BY_FIFO, L_DUST, Book
from .worth import DUST


@compiled
def run_of(book: Book, s: int) -> Any:
    """Today's run in a symbol."""
    run = book.runs[s]
    if not run.begun:
        run.begun = True
        run.carried = book.pos[s]
        run.opened = 0.0
        run.lots = 0
        run.phase_open = run.same_side = False
        state = book.state[0]
        book.touched[state.runs] = s
        state.runs += 1
    return run


@compiled
def _close_today(book: Book, law: Any, s: int, qty: float, price: float) -> tuple[float, int, float, float]:
    """(what is left of ``qty``, day trades, DTBP given back, shares) of closing today's lots; their profit is in ``done``."""
    state, run = book.state[0], book.runs[s]
    sign = 1.0 if qty > 0 else -1.0
    taken = min(abs(qty), abs(run.opened))
    count = 0
    if law.counting_method == BY_DIRECTION:
        if run.phase_open:
            count = 1
    else:
        shares = taken
        for k in range(run.lots):
            lot = book.lots[s, k if law.counting_method == BY_FIFO else run.lots - 1 - k]
            if shares <= DUST:
                break
            piece = min(shares, lot.left)
            if piece <= DUST:
                continue
            if not lot.counted:
                lot.counted = True
                count += 1
            lot.left -= piece
            shares -= piece
    run.phase_open = False
    left = taken
    back = today = 0.0
    for k in range(run.lots):
        if left <= DUST:
            break
        lot = book.lots[s, k]
        if lot.qty <= DUST:
            continue
        piece = min(left, lot.qty)
        back += lot.charge * piece
        today += piece
        done = book.done[state.lots_done]
        done.opened, done.closed, done.dollars = lot.moment, state.executions, lot.charge * piece
        done.profit = piece * price - lot.price * piece if qty < 0 else lot.price * piece - piece * price
        state.lots_done += 1
        lot.qty -= piece
        left -= piece
        if lot.qty <= DUST:
            lot.qty = 0.0
    run.opened += sign * taken
    if abs(run.opened) <= DUST:
        run.opened = 0.0
        if law.counting_method == BY_DIRECTION:
            run.lots = 0
        else:
            for k in range(run.lots):
                book.lots[s, k].qty = 0.0
    rest = qty - sign * taken
    return (rest if abs(rest) > DUST else 0.0), count, back, today


@compiled
def _reduce_carried(book: Book, s: int, qty: float) -> float:
    run = book.runs[s]
    sign = 1.0 if qty > 0 else -1.0
    taken = min(abs(qty), abs(run.carried))
    run.carried += sign * taken
    if abs(run.carried) <= DUST:
        run.carried = 0.0
    rest = qty - sign * taken
    return rest if abs(rest) > DUST else 0.0


@compiled
def execute(book: Book, law: Any, s: int, qty: float, price: float, charge: float) -> tuple[int, float, float]:
    """Books signed ``qty``: (day trades, shares opened, carried shares closed)."""
    state, run = book.state[0], run_of(book, s)
    rest, count = qty, 0
    back = today = 0.0
    if run.carried * rest < 0 and not run.same_side:
        rest = _reduce_carried(book, s, rest)
    if run.opened * rest < 0:
        rest, count, back, today = _close_today(book, law, s, rest, price)
    if run.carried * rest < 0:
        rest = _reduce_carried(book, s, rest)
    opened = 0.0
    if abs(rest) > DUST:
        opened = abs(rest)
        run.opened += rest
        run.phase_open = True
        if run.carried * rest > 0:
            run.same_side = True
        lot = book.lots[s, run.lots]
        lot.qty = lot.left = opened
        lot.price, lot.charge, lot.moment, lot.counted = price, charge, state.executions, False
        run.lots += 1
    state.executions += 1
    used = opened * charge
    state.used_today = max(0.0, state.used_today + used - back)
    state.opened_today += used
    state.cost_today += opened * price
    state.cash -= qty * price
    now = book.pos[s] + qty
    if abs(now) <= DUST:
        if now != 0.0:  # the host keeps what the account takes for nothing, and a strategy may close it
            state.fallback = L_DUST
        now = 0.0
    _hold(book, s, now)
    touch(book, s)
    return count, opened, max(0.0, abs(qty) - opened - today)


@compiled
def _hold(book: Book, s: int, now: float) -> None:
    """Sets a position; the list of what is held keeps the order of opening."""
    state = book.state[0]
    before = book.pos[s]
    book.pos[s] = now
    if before == 0.0 and now != 0.0:
        book.held[state.held] = s
        state.held += 1
    elif before != 0.0 and now == 0.0:
        k = 0
        while book.held[k] != s:
            k += 1
        for i in range(k, state.held - 1):
            book.held[i] = book.held[i + 1]
        state.held -= 1


@compiled
def would_day_trade(book: Book, law: Any, s: int, buys: float, sells: float) -> bool:
    """Could open orders for so many shares complete another day trade?"""
    if buys > DUST and sells > DUST:
        return True
    run = run_of(book, s)
    closing = sells if run.opened > 0 else buys
    if run.opened == 0.0 or closing <= DUST:
        return False
    if law.counting_method == BY_DIRECTION:
        return bool(run.phase_open)
    shares = min(closing, abs(run.opened))
    for k in range(run.lots):
        lot = book.lots[s, k if law.counting_method == BY_FIFO else run.lots - 1 - k]
        if shares <= DUST:
            return False
        piece = min(shares, lot.left)
        if piece <= DUST:
            continue
        if not lot.counted:
            return True
        shares -= piece
    return False


@compiled
def pending(book: Book, s: int) -> tuple[float, float]:
    """(shares to buy, shares to sell) of working orders."""
    buys = sells = 0.0
    for i in range(book.state[0].working):
        order = book.orders[i]
        if order.symbol == s and order.works:
            if order.sign > 0:
                buys += order.qty
            else:
                sells += order.qty
    return buys, sells


@compiled
def works_in(book: Book, s: int) -> bool:
    for i in range(book.state[0].working):
        if book.orders[i].symbol == s and book.orders[i].works:
            return True
    return False


@compiled
def potential(book: Book, law: Any) -> int:
    """Day trades that the working orders could still complete, one a symbol at most."""
    count = 0
    for i in range(book.state[0].working):
        s = book.orders[i].symbol
        if not book.orders[i].works:
            continue
        first = True
        for k in range(i):
            if book.orders[k].works and book.orders[k].symbol == s:
                first = False
        if first:
            buys, sells = pending(book, s)
            count += would_day_trade(book, law, s, buys, sells)
    return count


@compiled
def opening_part(book: Book, i: int) -> float:
    """Shares that working order ``i`` would open: orders take a position's shares in their order."""
    order = book.orders[i]
    s, held = order.symbol, book.pos[order.symbol]
    if order.sign * held >= 0:
        return float(order.qty)
    closable = abs(held)
    for k in range(i):
        other = book.orders[k]
        if other.works and other.symbol == s and other.sign * held < 0:
            closable -= min(other.qty, closable)
    return float(order.qty - min(order.qty, closable))


@compiled
def touch(book: Book, s: int) -> None:
    """A position or working order of a symbol changed: what its orders hold back is added up anew when it is next asked for."""
    book.reserved[s].changed = True
    book.state[0].touched = True


@compiled
def reserved(book: Book) -> tuple[float, float, float, float]:
    """What all working orders hold back: (order value, Reg T charge, DTBP, order value of the buys).

    Brought up to date by what changed, as the ledger does it, so that rounding falls as it does there.
    """
    state, count = book.state[0], len(book.pos)
    total = book.reserved[count]
    if not state.touched:
        return total.value, total.regt, total.dtbp, total.buys
    for s in range(count):
        one = book.reserved[s]
        if not one.changed:
            continue
        value = regt = dtbp = buys = 0.0
        for i in range(state.working):
            order = book.orders[i]
            if order.works and order.symbol == s:
                part = opening_part(book, i)
                value += part * order.value
                regt += part * order.regt
                dtbp += part * order.dtbp
                if order.sign > 0:
                    buys += part * order.value
        total.value, total.regt = total.value - one.value + value, total.regt - one.regt + regt
        total.dtbp, total.buys = total.dtbp - one.dtbp + dtbp, total.buys - one.buys + buys
        one.value, one.regt, one.dtbp, one.buys, one.changed = value, regt, dtbp, buys, False
    state.touched = False
    if not _any_works(book):
        total.value = total.regt = total.dtbp = total.buys = 0.0
    return total.value, total.regt, total.dtbp, total.buys


@compiled
def _any_works(book: Book) -> bool:
    for i in range(book.state[0].working):
        if book.orders[i].works:
            return True
    return False


@compiled
def promised(book: Book, s: int, sign: int) -> float:
    """Shares of the position that working exits on a side hold."""
    held = 0.0
    for i in range(book.state[0].working):
        order = book.orders[i]
        if order.works and order.symbol == s and order.sign == sign:
            held += max(0.0, order.qty - opening_part(book, i))
    return held


@compiled
def drop(book: Book, i: int) -> None:
    """Takes an order off the list, which keeps its order."""
    state = book.state[0]
    touch(book, book.orders[i].symbol)
    for k in range(i, state.working - 1):
        book.orders[k] = book.orders[k + 1]
    state.working -= 1


@compiled
def peak(book: Book, aggregate: bool) -> float:
    """The most day-traded dollars open at one time today, or their sum. ``steps`` holds what comes on top, and is cleared."""
    state = book.state[0]
    total = 0.0
    for k in range(state.lots_done):
        done = book.done[k]
        book.steps[done.opened] += done.dollars
        book.steps[done.closed] -= done.dollars
        total += done.dollars
    most = running = 0.0
    for k in range(state.executions + 1):
        running += book.steps[k]
        if running > most:
            most = running
        book.steps[k] = 0.0
    return total if aggregate else most
