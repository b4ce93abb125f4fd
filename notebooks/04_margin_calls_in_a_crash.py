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
# # Margin calls in a crash
#
# An account borrows a little to hold a three times leveraged fund. On 2026-06-17 the market of the bundled bars falls 8 %, and the fund
# three times as much. What does the broker ask for, by when, and what happens if nobody pays?
#
# Every number is worked out by hand below. The bars are invented.

# %%
# %matplotlib inline
import math

import bt_pdt

# %% [markdown]
# ## Buy on margin and hold
#
# 50,000 dollars buy 1.25 times as much of `IDX3` on the first bar. From 2026-06-04 Alpaca asks for 75 % of such a fund as maintenance margin:
# 1.25 × 75 % is 94 % of equity, so there is room, but not much.

# %%
setup = {
    "cash": 50_000,
    "symbols": ["IDX3"],
    "params": {"leverage": 1.25},
    "assets": [bt_pdt.Asset("IDX3", leverage=3)],
    "fromdate": "2026-06-15",
    "todate": "2026-06-26",
}
strategy = "../strategies/leveraged_hold.py"
bars = "../data/synthetic_1min_2026-05-07_2026-07-06.parquet"
result = bt_pdt.run(strategy, bars, **setup)
result.figure()

# %%
result.sessions[["session", "equity", "maintenance_margin"]]

# %% [markdown]
# At the close of 2026-06-17 equity is less than maintenance margin. That makes a call. On the 18th it still is, but no second call is
# issued while one is open. The next picture shows how far equity may fall at each close: 0 is a call.

# %%
result.figure("distance_to_call")

# %% [markdown]
# ## The calls

# %%
result.calls[["id", "kind", "amount", "measured_on", "issued_on", "due_on", "status", "ended_on", "forced_shares", "deposited"]]

# %%
for call in result.call_rows:
    print(call["id"], call["how"])

# %% [markdown]
# ## The first call by hand
#
# What was bought is in `fills`; the close of the day is in the bars.

# %%
bought, sold = result.fills.iloc[0], result.fills.iloc[1]
close = bt_pdt.load(bars).only(["IDX3"]).between("2026-06-17", "2026-06-17").arrays("IDX3").close[-1]
loan = bought["qty"] * bought["price"] - 50_000
value = bought["qty"] * close
equity = value - loan
print(f"loan                {bought['qty']:g} x {bought['price']} - 50,000 = {loan:,.2f}")
print(f"value at the close  {bought['qty']:g} x {close} = {value:,.2f}")
print(f"equity              {value:,.2f} - {loan:,.2f} = {equity:,.2f}")
print(f"maintenance margin  75% x {value:,.2f} = {0.75 * value:,.2f}")
print(f"the call            {0.75 * value - equity:,.2f}")

# %% [markdown]
# ## The due day
#
# The call is measured on Wednesday 2026-06-17 and issued the next morning. Alpaca's is due two business days after the close that made
# it. Thursday the 18th is the first. Friday the 19th is a holiday and the exchange is closed. Monday the 22nd is the second.
#
# ## The forced sale
#
# Nobody pays. At the open of the due day the broker sells whole shares, no more than cures. A share sold at the open brings down
# maintenance margin by 75 % of its price and leaves equity as it is, so the shares to sell are what is missing at that price, divided by
# 75 % of it, rounded up.

# %%
price = sold["price"]
missing = 0.75 * bought["qty"] * price - (bought["qty"] * price - loan)
print(f"missing at {price}: {missing:,.2f}")
print(f"shares: {missing:,.2f} / (75% x {price}) = {missing / (0.75 * price):.2f}, so {math.ceil(missing / (0.75 * price))}")
print(f"the broker sold {sold['qty']:g} at {price} for call {sold['forced']}")

# %% [markdown]
# The sale cures the day and no more. The fund goes on falling, and the next close makes the next call. The third one is met by the
# market: the price rises, and equity covers maintenance margin again before anybody acts.
#
# ## Three answers to a call
#
# `on_call` is what the customer does on the morning of the call: nothing, pay, or sell at once.

# %%
answers = {answer: bt_pdt.run(strategy, bars, on_call=answer, **setup) for answer in ("ignore", "deposit", "liquidate")}
for answer, run in answers.items():
    s = run.summary
    made = s["equity_end"] - s["equity_start"] - s["deposits"]
    shares = run.calls["forced_shares"].sum()
    paid, left = f"deposits ${s['deposits']:,.2f}", f"equity ${s['equity_end']:,.2f}"
    print(f"{answer:10} calls {s['calls']}, shares sold {shares:g}, {paid}, {left}, made ${made:,.2f}")

# %% [markdown]
# The deposit keeps every share; the other two sell some after the fall. The difference is small here: the calls are small, because the
# account had borrowed little. Money that came in is left out of `made`, and out of `result.returns`.
#
# A deposit can be planned, too: `deposits=[("2026-06-18", 1_000)]`.
#
# ## If the fund were an ordinary stock
#
# bt_pdt cannot know what a symbol is. Without the `assets=` line the fund is a stock at 30 %, and the same fall makes no call at all:

# %%
blind = bt_pdt.run(strategy, bars, **(setup | {"assets": []}))
print("calls:", blind.summary["calls"])

# %% [markdown]
# ## What to try next
#
# - Set `leverage` to 1.0: nothing is borrowed, and nothing is called.
# - Hold from `"2026-06-04"`: the fund rises first, the loan is a smaller part of it, and the first call comes later.
# - Make another fall: `bt_pdt.bars.synthetic.generate(seed=8)` (after `import bt_pdt.bars.synthetic`) makes bars that `bt_pdt.run` takes.
# - `brokerage="ibkr"` looks after every bar and sells at the open of the next one: many small calls in place of three.
