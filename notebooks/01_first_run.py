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
# # First run
#
# You have a backtrader strategy and 24,500 dollars. The account is under 25,000 dollars, and until 2026-06-03 it may make three day trades in five
# business days. What does the strategy make when the broker keeps that rule?
#
# The bars in `data/` are **invented**. They show how the rules work, and nothing about any market.

# %%
# %matplotlib inline
import bt_pdt

# %% [markdown]
# ## Bars
#
# `load` knows a file by its content. It says what it took the file for: the layout, the time zone, and which side of the bar the stamp is
# on.

# %%
bars = bt_pdt.load("../data/synthetic_1min_2026-05-07_2026-07-06.parquet")
print(bars.detected_format)
print(", ".join(bars.symbols), bars.first, bars.last)

# %% [markdown]
# ## A run
#
# The strategy is an ordinary one: it buys a break above the high of the first half hour, puts a stop in, and is flat before the bell.
# `block_on="entry"` lets the broker refuse the order that *opens* one day trade too many.

# %%
result = bt_pdt.run(
    "../strategies/opening_range_breakout.py",
    bars,
    cash=24_500,
    brokerage="alpaca",
    block_on="entry",
    symbols=["IDXE", "LRGE"],
    todate="2026-05-15",
)
result

# %% [markdown]
# A third of the orders came back. The picture has a mark at each of them, and below it the day trades of the last five business days
# against the three that are allowed.

# %%
result.figure()

# %% [markdown]
# ## Why was it refused?
#
# Each refusal has the broker's own words (`message`), and the sentence that the broker leaves out (`why`).

# %%
first = result.refusals.iloc[0]
print(first["at"], first["side"], f"{first['qty']:g}", first["symbol"])
print(first["http_status"], first["code"], first["message"])
print(first["why"])

# %% [markdown]
# Two day trades were made the day before. A third position is open with its stop, and that stop may make it the third day trade. One more
# entry could become the fourth.
#
# ## What was traded
#
# `trades` are round trips, from flat to flat.

# %%
result.trades[["symbol", "side", "qty", "entry_at", "exit_at", "entry_price", "exit_price", "pnl", "day_trade"]]

# %% [markdown]
# `account` is the account at the end of every bar: here at the last bar of each session.

# %%
result.account.groupby("session").last()[["at", "equity", "cash", "regt_available", "day_trades_used", "day_trades_left"]]

# %% [markdown]
# ## The same without the rules
#
# `rules="off"` measures everything and refuses nothing. This is the backtest you had before.

# %%
free = bt_pdt.run(
    "../strategies/opening_range_breakout.py",
    bars,
    cash=24_500,
    rules="off",
    symbols=["IDXE", "LRGE"],
    todate="2026-05-15",
)
for name, shown in (("rules off", free), ("Block on Entry", result)):
    s = shown.summary
    print(f"{name}: {s['orders']} orders, {s['refused']} refused, {s['day_trades']} day trades, equity ${s['equity_end']:,.2f}")

# %% [markdown]
# Seven sessions prove nothing about a strategy. They show that the two accounts did not make the same trades, and which orders parted
# them.
#
# ## What to try next
#
# - Set `cash=30_000` and run again: at 25,000 dollars at the previous close the count does not bind.
# - Set `block_on="exit"`: the broker lets the trade begin and refuses the order that closes it. Notebook 03 says what that costs.
# - Give your own strategy file and your own bars. `bars.report` says what looks odd about them.
# - Write the run as a page that explains each refusal: `result.to_html("run.html")`.
