# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why was my order refused?
#
# *"I have 30,000 dollars, and still I get pattern day trading protection."* Traders have asked their brokers this for years. The account
# looks rich enough, buying power is there, and the order comes back. There are two usual causes, and neither is on the screen:
#
# 1. The money that counts is that of the **previous close**, not of now.
# 2. **Day-trading buying power** is fixed at the previous close, by what was *held* over the night.
#
# Here both are worked through with numbers. No bars and no strategy are needed: `bt_pdt.Account` is the account alone.

# %%
# %matplotlib inline
import json
from datetime import date, datetime

from matplotlib.figure import Figure

import bt_pdt

# %% [markdown]
# ## 30,000 dollars that count as 24,800 dollars
#
# The account closed yesterday at 24,800 dollars. It rose this morning and holds 30,000 dollars now. Three day trades were made on Tuesday, and 100 SPY
# were bought today.

# %%
account = bt_pdt.Account(
    30_000,
    at=datetime(2025, 3, 6, 9, 30),
    brokerage="alpaca",
    pdt_check="exit",
    last_equity=24_800,
    daytrades=[(date(2025, 3, 4), "SPY", 3)],
)
account.post(bt_pdt.Fill("SPY", "buy", 100, 560.0))
print(f"equity ${account.state.equity:,.0f}, last_equity ${account.state.last_equity:,.0f}, day trades {account.state.daytrade_count}")

# %% [markdown]
# Now the position should go. The question is put with `check`, which writes nothing: ask as often as you like.

# %%
answer = account.check(bt_pdt.OrderRequest("SPY", "sell", 100))
print(answer.http_status, answer.code, answer.message)
print(answer.why)
print("passes on", answer.would_pass.on)

# %% [markdown]
# The broker says *pattern day trading protection* and no more. The sentence says the rest: 24,800 is under 25,000, and today's 30,000
# count from the next session on, if the account closes there.
#
# ## 30,000 dollars in a leveraged fund
#
# The second cause is harder to see. The account closed yesterday with 30,000 dollars, all of it in TQQQ, a fund that moves three times its
# index. In 2023 Alpaca asked for **100 %** of its value as maintenance margin.
#
# Day-trading buying power of today = 4 × (equity − maintenance margin), both at yesterday's close:
#
# **4 × (30,000 - 30,000) = 0**

# %%
TQQQ = bt_pdt.Asset("TQQQ", leverage=3)


def morning(positions, cash=0.0, **more):
    """The account on 2023-03-07 at the open, with what it held over the night."""
    return bt_pdt.Account(cash, at=datetime(2023, 3, 7, 9, 30), positions=positions, assets=[TQQQ], pattern_day_trader=True, **more)


account = morning([("TQQQ", 1_200, 25.0)])
state = account.state
print(f"last_equity             ${state.last_equity:>9,.2f}")
print(f"last_maintenance_margin ${state.last_maintenance_margin:>9,.2f}")
print(f"day-trading buying power${state.daytrading_buying_power:>9,.2f}")

# %% [markdown]
# Sell all of it at the open. Now the account is 30,000 dollars of cash, and Regulation T lends as much again:

# %%
account.post(bt_pdt.Fill("TQQQ", "sell", 1_200, 25.0))
account.mark({"SPY": 400.0})
state = account.state
print(f"cash                    ${state.cash:>9,.2f}")
print(f"buying power            ${state.buying_power:>9,.2f}")
print(f"day-trading buying power${state.daytrading_buying_power:>9,.2f}")

# %%
order = bt_pdt.OrderRequest("SPY", "buy", 50, "limit", limit_price=400.0)
refused = account.check(order)
print(refused.reason, refused.http_status, refused.message)
print(refused.why)
print(refused.facts)

# %% [markdown]
# 60,000 dollars of buying power, and an order for 20,000 dollars is refused. Any purchase might become a day trade, so the broker asks that day-trading
# buying power covers it; and that one never rises above what it was at the start of the day. The sale of the fund gave none of it back.
#
# ## What you hold overnight decides
#
# The same 30,000 dollars, held in four ways over the night:

# %%
ways = {
    "cash": morning([], cash=30_000),
    "stock, 30 %": morning([("KO", 500, 60.0)]),
    "TQQQ, 75 %": morning([("TQQQ", 1_200, 25.0)], last_maintenance_margin=22_500),
    "TQQQ, 100 %": morning([("TQQQ", 1_200, 25.0)]),
}
power = {name: each.state.daytrading_buying_power for name, each in ways.items()}
for name, dollars in power.items():
    print(f"{name:12} ${dollars:>10,.0f}")

# %%
figure = Figure(figsize=(8, 2.6), layout="constrained")
axis = figure.subplots()
axis.barh(list(power), list(power.values()), color="#31688e")
axis.invert_yaxis()
axis.set_xlabel("day-trading buying power of the next day, $")
axis.set_title("$30,000, held overnight as ...", loc="left")
axis.spines[["top", "right"]].set_visible(False)
figure

# %% [markdown]
# By hand: 4 × (30,000 − 0) = 120,000; 4 × (30,000 − 9,000) = 84,000; 4 × (30,000 − 22,500) = 30,000; 4 × (30,000 − 30,000) = 0.
#
# ## The check at the exit
#
# An account can be set to check day-trading buying power at the *exit* instead. Then the purchase passes, and the refusal waits for the
# sale:

# %%
account = morning([("TQQQ", 1_200, 25.0)], dtbp_check="exit")
account.post(bt_pdt.Fill("TQQQ", "sell", 1_200, 25.0))
account.mark({"SPY": 400.0})
print("buy :", account.check(order).accepted)
account.post(bt_pdt.Fill("SPY", "buy", 50, 400.0))
answer = account.check(bt_pdt.OrderRequest("SPY", "sell", 50))
print("sell:", answer.accepted, answer.reason)
print(answer.why)
print("passes on", answer.would_pass.on)

# %% [markdown]
# ## A whole day as a history
#
# `audit` plays a list of events and judges each order. A real account's files go in the same way (`bt-pdt audit --from alpaca`).

# %%
history = [
    {
        "event": "account",
        "at": "2023-03-07T09:00:00",
        "cash": 0,
        "pattern_day_trader": True,
        "positions": [{"symbol": "TQQQ", "qty": 1_200, "price": 25.0}],
    },
    {"event": "asset", "symbol": "TQQQ", "leverage": 3},
    {"event": "price", "at": "2023-03-07T09:30:00", "symbol": "TQQQ", "price": 25.0},
    {"event": "price", "at": "2023-03-07T09:30:00", "symbol": "SPY", "price": 400.0},
    {"event": "order", "at": "2023-03-07T09:31:00", "id": "out", "symbol": "TQQQ", "side": "sell", "qty": 1_200},
    {"event": "fill", "at": "2023-03-07T09:31:01", "order": "out", "price": 25.0},
    {
        "event": "order",
        "at": "2023-03-07T09:35:00",
        "id": "in",
        "symbol": "SPY",
        "side": "buy",
        "qty": 50,
        "type": "limit",
        "limit_price": 400.0,
    },
]
found = bt_pdt.audit(json.dumps(event) for event in history)
for decision in found["decisions"]:
    print(decision["order"], decision["accepted"], decision.get("reason") or "")

# %% [markdown]
# ## Since 2026-06-04
#
# The count, the 25,000 dollars and day-trading buying power are gone. The same fund asks for 75 %, and what is left counts at once, four times
# over.

# %%
account = bt_pdt.Account(0, at=datetime(2026, 6, 5, 9, 30), positions=[("TQQQ", 1_200, 25.0)], assets=[TQQQ])
account.mark({"SPY": 400.0})
print("day-trading buying power:", account.state.daytrading_buying_power)
print(f"maintenance margin ${account.state.maintenance_margin:,.0f}, buying power ${account.state.buying_power:,.0f}")
print(account.check(order).accepted)

# %% [markdown]
# ## What to try next
#
# - Put in your own numbers: what you held last night, its price, `last_equity` of the broker's account page.
# - `account.max_quantity("SPY", "buy")` is the largest order that passes now, every rule at once.
# - One order from the command line: `bt-pdt check buy 50 SPY --price SPY=400 --cash 30000`.
# - Another house: `brokerage="ibkr"`, or `"finra"` for the bare law.
