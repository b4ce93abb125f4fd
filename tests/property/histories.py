"""Random account histories in the audit format: what a market and an undisciplined trader could do to an account."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

DAYS = [
    "2013-10-07",
    "2019-12-20",
    "2020-11-05",
    "2021-03-22",
    "2023-06-12",
    "2025-02-27",
    "2025-12-22",
    "2026-06-01",
    "2026-06-10",
    "2026-06-29",
]
SYMBOLS = {
    "AAA": {"price": 100.0},
    "BBB": {"price": 20.0},
    "LOW": {"price": 4.0},
    "PEN": {"price": 2.4},
    "LEV": {"price": 40.0, "asset": {"leverage": 3}},
    "OTC": {"price": 10.0, "asset": {"marginable": False}},
    "HTB": {"price": 15.0, "asset": {"shortable": False}},
    "HSE": {"price": 60.0, "asset": {"maintenance": 0.4}},
}


def history(seed: int, firm: str | None = None) -> list[dict]:
    """A history of about 40 events over a few sessions at ``firm``, or at Alpaca or the bare rule; the same seed gives the same events."""
    rng = random.Random(seed)
    start = date.fromisoformat(rng.choice(DAYS))
    now = datetime.combine(start, datetime.min.time()) + timedelta(hours=9)
    cash = rng.choice([1500.0, 5000.0, 20000.0, 24999.99, 25000.0, 30000.0, 60000.0, 200000.0])
    account: dict = {
        "event": "account",
        "at": now.isoformat(),
        "cash": cash,
        "brokerage": rng.choice(["alpaca", "alpaca", "alpaca", "finra"]),
    }
    account["brokerage"] = firm or account["brokerage"]
    bare = account["brokerage"] != "alpaca"  # orders that turn a position around while others work have scenarios of their own
    if rng.random() < 0.5:
        account["pdt_check"] = rng.choice(["entry", "exit", "both"])
        account["dtbp_check"] = rng.choice(["entry", "exit", "both"])
    if rng.random() < 0.5:
        account["pattern_day_trader"] = rng.random() < 0.7
    if rng.random() < 0.4 and start < date(2026, 6, 4):
        account["daytrades"] = [{"session": start.isoformat(), "symbol": "ZZZ", "count": rng.randint(1, 3)}]
    _vary(rng, account, start)
    names = rng.sample(list(SYMBOLS), rng.randint(1, 4))
    prices = {s: SYMBOLS[s]["price"] for s in names}
    if rng.random() < 0.4:
        account["positions"] = [{"symbol": s, "qty": rng.choice([100, 50, -50]), "price": prices[s]} for s in names[:2]]
    events = [account]
    events += [{"event": "asset", "symbol": s, **SYMBOLS[s]["asset"]} for s in names if "asset" in SYMBOLS[s]]
    for s in names:
        events.append({"event": "price", "at": now.isoformat(), "symbol": s, "price": prices[s]})
    working: dict[str, dict] = {}
    position = {p["symbol"]: p["qty"] for p in account.get("positions", [])}
    for n in range(rng.randint(10, 45)):
        if rng.random() < 0.12:
            if rng.random() < 0.4 and now.hour < 13:
                events.append({"event": "close", "session": now.date().isoformat()})
            now = datetime.combine(now.date() + timedelta(days=rng.choice([1, 1, 1, 3])), datetime.min.time()) + timedelta(
                hours=9, minutes=30
            )
            while now.weekday() > 4 or now.date() in _HOLIDAYS:
                now += timedelta(days=1)
            working = {k: o for k, o in working.items() if o.get("time_in_force") == "gtc"}
        now += timedelta(minutes=rng.choice([0, 1, 5, 30, 60]))
        if now.hour >= 19:
            continue
        at = now.isoformat()
        symbol = rng.choice(names)
        kind = rng.random()
        if kind < 0.2:
            prices[symbol] = round(prices[symbol] * rng.choice([0.7, 0.95, 0.99, 1.01, 1.05, 1.3]), 2)
            events.append({"event": "price", "at": at, "symbol": symbol, "price": prices[symbol]})
        elif kind < 0.28:
            events.append({"event": rng.choice(["deposit", "withdraw"]), "at": at, "amount": rng.choice([500.0, 5000.0, 20000.0])})
        elif kind < 0.29:
            events.append({"event": rng.choice(["fee", "dividend", "interest"]), "at": at, "amount": rng.choice([-20.0, 35.5])})
        elif kind < 0.295:
            held = position.get(symbol, 0)
            events.append(
                {"event": "fill", "at": at, "symbol": symbol, "side": "sell" if held > 0 else "buy", "qty": 10, "price": prices[symbol]}
            )
            position[symbol] = held + (10 if held <= 0 else -10)
        elif kind < 0.32:
            events.append({"event": "flag", "at": at, "pattern_day_trader": rng.random() < 0.5})
        elif kind < 0.36 and working:
            gone = rng.choice(list(working))
            events.append({"event": "maybe_cancel", "at": at, "order": gone})
            working.pop(gone)
        elif kind < 0.40 and working:
            changed = rng.choice(list(working))
            if working[changed].get("type") == "limit" and working[changed].get("order_class", "simple") == "simple":
                change = {"limit_price": round(prices[working[changed]["symbol"]] * rng.choice([0.9, 1.0, 1.1]), 2)}
                if rng.random() < 0.5:
                    change = {"qty": rng.choice([10, 100, 500])}
                events.append({"event": "maybe_replace", "at": at, "order": changed, **change})
        else:
            order = _order(rng, f"o{n}", at, symbol, prices[symbol], position.get(symbol, 0), cash)
            if bare and position.get(symbol, 0) * (1 if order["side"] == "buy" else -1) < 0:
                order["qty"] = min(order["qty"], abs(position[symbol]))
            events.append(order)
            if bare or rng.random() < 0.7:
                part = 1.0 if bare else rng.choice([1.0, 1.0, 0.5])
                events.append({"event": "maybe_fill", "at": at, "order": order["id"], "price": prices[symbol], "part": part})
                position[symbol] = position.get(symbol, 0) + (order["qty"] if order["side"] == "buy" else -order["qty"])
            working[order["id"]] = order
    # a later session, so that the last one closes by itself in every reading
    after = datetime.combine(now.date() + timedelta(days=5), datetime.min.time()) + timedelta(hours=12)
    events.append({"event": "price", "at": after.isoformat(), "symbol": names[0], "price": prices[names[0]]})
    return events


LONG_STARTS = [
    "2013-10-07",
    "2016-11-14",
    "2017-08-28",  # before T+2
    "2019-12-16",
    "2023-11-06",
    "2024-05-20",  # before T+1
    "2025-11-17",
    "2026-02-02",
    "2026-05-28",  # before the intraday rule
    "2026-06-02",
    "2026-06-08",
    "2026-10-05",
]
#: Calendar days between two busy days: the next one, a week, past each of the due days, past the ninety days.
GAPS = [1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 14, 21, 22, 23, 45, 80, 89, 90, 91, 92, 100]


def long_history(seed: int, firm: str | None = None) -> list[dict]:
    """A history over months or years: borrowing, day trading beyond the limits, gaps, deposits; so calls are made, met, missed and expire.

    Nearly all executions have no order behind them (a real account's), so no refusal keeps the account out of trouble.
    """
    from oracle import is_session

    rng = random.Random(1_000_000 + seed)
    day = date.fromisoformat(rng.choice(LONG_STARTS))
    cash = rng.choice([2_500.0, 10_000.0, 24_000.0, 30_000.0, 60_000.0, 120_000.0])
    drawn = rng.choice(["alpaca", "finra"])
    account: dict = {"event": "account", "at": f"{day}T09:00:00", "cash": cash, "brokerage": firm or drawn}
    if rng.random() < 0.7 and day < date(2026, 6, 4):
        account["pattern_day_trader"] = True
    if rng.random() < 0.6:
        choices = {
            "practice_failures": [1, 2, 3],
            "fed_calls_before_restriction": [1, 2, 3],
            "maintenance_call_days": [1, 2, 5],
            "imd_basis": ["house", "law"],
            "imd_valuation": ["mark", "cost"],
            "switch_day": ["2026-06-08", "2026-07-15"],
        }
        account["set"] = {name: rng.choice(choices[name]) for name in rng.sample(list(choices), rng.randint(1, 3))}
    if rng.random() < 0.1:
        account["rules"] = "off"
    names = rng.sample(["AAA", "BBB", "LEV", "HSE", "LOW"], rng.randint(1, 3))
    prices = {s: SYMBOLS[s]["price"] for s in names}
    events = [account, *({"event": "asset", "symbol": s, **SYMBOLS[s]["asset"]} for s in names if "asset" in SYMBOLS[s])]
    held = dict.fromkeys(names, 0)
    money = cash  # spent and received, to keep the orders near what the account can carry

    def worth() -> float:
        return max(500.0, money + sum(held[s] * prices[s] for s in names))

    def trade(at: str, symbol: str, qty: int) -> dict:
        nonlocal money
        held[symbol] += qty
        money -= qty * prices[symbol]
        side = "buy" if qty > 0 else "sell"
        return {"event": "fill", "at": at, "symbol": symbol, "side": side, "qty": abs(qty), "price": prices[symbol]}

    for busy in range(rng.randint(8, 22)):
        if day.year > 2028:  # the calendar ends a year later
            break
        clock = datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=31)
        for n in range(rng.randint(1, 5)):
            clock += timedelta(minutes=rng.choice([1, 5, 45]))
            at, kind, symbol = clock.isoformat(), rng.random(), rng.choice(names)
            if n == 0 and busy:
                prices[symbol] = round(prices[symbol] * rng.choice([0.7, 0.85, 0.93, 0.98, 1.0, 1.02, 1.07, 1.15, 1.3]), 2)
                events.append({"event": "price", "at": at, "symbol": symbol, "price": prices[symbol]})
            elif kind < 0.25:  # a round trip, often too large
                size = max(1, int(worth() * rng.choice([1.0, 3.0, 4.0, 4.5, 6.0]) / prices[symbol]))
                sign = 1 if held[symbol] > 0 else -1 if held[symbol] < 0 else rng.choice([1, 1, -1])
                events.append(trade(at, symbol, sign * size))
                clock += timedelta(minutes=5)
                if rng.random() < 0.4:
                    prices[symbol] = round(prices[symbol] * rng.choice([0.97, 0.99, 1.01, 1.03]), 2)
                events.append(trade(clock.isoformat(), symbol, -sign * size))
            elif kind < 0.45:  # more of it, kept
                size = max(1, int(worth() * rng.choice([0.5, 1.0, 2.1, 3.0]) / prices[symbol]))
                sign = 1 if held[symbol] > 0 else -1 if held[symbol] < 0 else rng.choice([1, 1, 1, -1])
                events.append(trade(at, symbol, sign * size))
            elif kind < 0.62 and held[symbol]:
                part = rng.choice([0.1, 0.25, 0.5, 1.0, 1.0])
                events.append(trade(at, symbol, -int(held[symbol] * part) or -held[symbol]))
            elif kind < 0.82:
                amount = rng.choice([500.0, 1_000.0, 2_500.0, 5_000.0, 20_000.0, round(worth() * rng.choice([0.1, 0.5, 1.0]), 2)])
                wanted = rng.choice(["deposit", "deposit", "deposit", "withdraw"])
                events.append({"event": wanted, "at": at, "amount": amount})
                money += amount if wanted == "deposit" else 0.0
            elif kind < 0.84:
                events.append({"event": rng.choice(["fee", "dividend", "interest"]), "at": at, "amount": rng.choice([-20.0, 35.5])})
            elif kind < 0.86:
                events.append({"event": "flag", "at": at, "pattern_day_trader": rng.random() < 0.5})
            else:
                order = {"event": "order", "at": at, "id": f"o{busy}.{n}", "symbol": symbol, "type": "limit", "limit_price": prices[symbol]}
                side = rng.choice([1, -1])
                most = (
                    abs(held[symbol])
                    if held[symbol] * side < 0
                    else max(1, int(worth() * rng.choice([0.1, 0.9, 1.9, 3.9]) / prices[symbol]))
                )
                events.append(order | {"side": "buy" if side > 0 else "sell", "qty": most, "time_in_force": "day"})
                if rng.random() < 0.6:
                    events.append({"event": "fill", "at": at, "order": order["id"], "price": prices[symbol]})  # also if it was refused
                    held[symbol] += side * most
                    money -= side * most * prices[symbol]
                else:
                    events.append({"event": "maybe_cancel", "at": at, "order": order["id"]})
        if rng.random() < 0.3:
            moved = {s: round(prices[s] * rng.choice([0.9, 0.97, 1.0, 1.03, 1.1]), 2) for s in names}
            prices.update(moved)
            events.append({"event": "close", "session": day.isoformat(), "prices": moved})
        elif rng.random() < 0.15:
            events.append({"event": "deposit", "at": f"{day}T17:00:00", "amount": rng.choice([1_000.0, 5_000.0])})
            money += events[-1]["amount"]
        day += timedelta(days=rng.choice(GAPS))
        while not is_session(day):
            day += timedelta(days=1)
    events.append({"event": "price", "at": f"{day}T12:00:00", "symbol": names[0], "price": prices[names[0]]})
    return events


def _vary(rng: random.Random, account: dict, start: date) -> None:
    """Other readings, other laws, figures given: one history in two has some of it."""
    if rng.random() < 0.5:
        return
    if rng.random() < 0.4:
        account["rules"] = rng.choice(["off", "2026-06-03", "2026-06-04", "2024-12-31", "2020-11-08"])
    if rng.random() < 0.5:
        choices = {
            "equity_test": ["current", "last_equity"],
            "pdt_under_25k": ["liquidation_only", "no_day_trades"],
            "counting_method": ["direction", "opening_fifo", "opening_lifo"],
            "count_unfillable_pending": [True, False],
            "multiplier_policy": ["flagged", "equity"],
            "dtbp_by_requirement": [True, False],
        }
        account["set"] = {name: rng.choice(choices[name]) for name in rng.sample(list(choices), 2)}
    if rng.random() < 0.4:
        account["last_equity"] = rng.choice([1_999.99, 2_000.0, 24_999.99, 25_000.0, 40_000.0])
    if rng.random() < 0.2:
        account["last_maintenance_margin"] = rng.choice([0.0, 5_000.0])


_HOLIDAYS = {
    date(2021, 4, 2),
    date(2019, 12, 25),
    date(2020, 1, 1),
    date(2025, 12, 25),
    date(2026, 1, 1),
    date(2026, 7, 3),
    date(2026, 6, 19),
    date(2023, 6, 19),
    date(2020, 11, 26),
}


def _order(rng: random.Random, order_id: str, at: str, symbol: str, price: float, held: float, cash: float) -> dict:
    side = rng.choice(["buy", "sell"]) if not held or rng.random() < 0.4 else ("sell" if held > 0 else "buy")
    qty: float = rng.choice(
        [1, 10, 100, max(1, int(cash / price)), max(1, int(2 * cash / price)), max(1, int(3.5 * cash / price)), abs(int(held)) or 5, 2.5]
    )
    order = {
        "event": "order",
        "at": at,
        "id": order_id,
        "symbol": symbol,
        "side": side,
        "qty": qty,
        "type": rng.choice(["market", "market", "limit", "stop", "stop_limit"]),
    }
    toward = 1 if side == "buy" else -1
    if order["type"] in ("limit", "stop_limit"):
        order["limit_price"] = round(price * rng.choice([0.95, 1.0, 1.02] if side == "buy" else [1.0, 1.02]), 2)
    if order["type"] in ("stop", "stop_limit"):
        order["stop_price"] = round(price * (1 + 0.03 * toward), 2)
    opens = held * toward >= 0
    if rng.random() < 0.15 and opens:
        order |= {
            "order_class": "bracket",
            "take_profit": round(price * (1 + 0.1 * toward), 2),
            "stop_loss": round(price * (1 - 0.1 * toward), 2),
        }
    elif rng.random() < 0.08 and opens:
        order |= {"order_class": "oto", "stop_loss": round(price * (1 - 0.1 * toward), 2)}
    elif rng.random() < 0.08 and held * toward < 0:
        order = {k: v for k, v in order.items() if k not in ("limit_price", "stop_price")} | {"type": "market", "order_class": "oco"}
        order |= {"take_profit": round(price * (1 - 0.1 * toward), 2), "stop_loss": round(price * (1 + 0.1 * toward), 2)}
    if rng.random() < 0.3:
        order["time_in_force"] = "gtc"
    elif rng.random() < 0.1 and order["type"] == "limit" and "order_class" not in order:
        order["extended_hours"] = True
    if rng.random() < 0.06 and order["type"] == "market" and "order_class" not in order:
        order |= {"type": "trailing_stop", rng.choice(["trail_price", "trail_percent"]): 2.0}
    return order


def played(events: list[dict], player) -> list[dict]:
    """Plays the events through ``player`` and returns those that were real.

    A ``maybe_`` event is made real if its order works; every fourth fill of a refused order too (the real account wins).
    ``player`` takes ``play(line)`` for one event and answers ``left(order_id)``: shares left, None if it does not work.
    """
    done: list[dict] = []
    for event in events:
        kind = event["event"]
        if kind.startswith("maybe_"):
            left = player.left(event["order"])
            if left is None:
                continue
            event = dict(event, event=kind.removeprefix("maybe_"))
            part = event.pop("part", 1.0)
            if part < 1:
                event["qty"] = left * part
        try:
            player.play(event)
        except ValueError:  # a replacement for less than is filled: bad input, so no part of a history
            if kind != "maybe_replace":
                raise
            continue
        done.append(event)
    return done
