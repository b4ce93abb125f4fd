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
# # Before and after 2026-06-04
#
# On 2026-06-04 the pattern day trader rule ended. The count of day trades, the 25,000 dollars and day-trading buying power went; the intraday
# margin rule came. What does that change for a strategy?
#
# bt_pdt can hold one day's law over any bars. So the same strategy is run over the same bars twice: under the law of 2026-06-03, and
# under that of the day after. The bars are invented.

# %%
# %matplotlib inline
from datetime import date

import bt_pdt

# %% [markdown]
# ## The two laws
#
# Every number of the law has a day and a source. What Alpaca's rules say on each of the two days:

# %%
old = bt_pdt.rulebook_for("alpaca").on(date(2026, 6, 3))
new = bt_pdt.rulebook_for("alpaca").on(date(2026, 6, 4))
for name in ("regime", "pdt_check", "pdt_day_trades_threshold", "pdt_min_equity", "dt_buying_power_multiple", "maintenance_leveraged_long"):
    print(f"{name:28} {getattr(old, name, None)!s:20} {getattr(new, name, None)!s}")

# %% [markdown]
# ## One strategy under both
#
# 24,500 dollars, Block on Exit, the sessions from 2026-06-04 on, with the fall of 2026-06-17 among them.

# %%
found = bt_pdt.compare(
    "../strategies/opening_range_breakout.py",
    "../data/synthetic_1min_2026-05-07_2026-07-06.parquet",
    cash=24_500,
    modes=["exit"],
    rules=["2026-06-03", "2026-06-04"],
    symbols=["IDXE", "LRGE", "IDX3"],
    params={"cash_per_trade": 12_000.0},
    assets=[bt_pdt.Asset("IDX3", leverage=3)],
    fromdate="2026-06-04",
    jobs=1,
)
found.figure()

# %%
found.table[["profit", "orders", "refused", "stuck_overnight", "stuck_pnl", "day_trades", "calls", "days_restricted"]].T

# %% [markdown]
# ## What is gone
#
# Under the old law the account was refused, stuck, called and restricted. Under the new one none of that is left:

# %%
found.what_changed(*found.names)

# %%
print(found.changed_sentence(*found.names))

# %% [markdown]
# The old law's one call is a minimum-equity call: a pattern day trader's account closed under 25,000 dollars. Until a close at 25,000 dollars it may
# make no day trade, and orders are refused for that reason instead of the count.
#
# More freedom is not always more money: on these bars the old law ends 429.78 dollars higher. Could that be chance?

# %%
print(found.paired(*found.names).sentence)

# %% [markdown]
# ## Across the day
#
# A backtest over the real calendar takes the law of each bar's day (`rules="as_of"`, the default). The dashed line is 2026-06-04:
# refusals on its left, none on its right, and from there on day trades are *not counted*.

# %%
across = bt_pdt.run(
    "../strategies/opening_range_breakout.py",
    "../data/synthetic_1min_2026-05-07_2026-07-06.parquet",
    cash=24_500,
    block_on="exit",
    symbols=["IDXE", "LRGE", "IDX3"],
    params={"cash_per_trade": 12_000.0},
    assets=[bt_pdt.Asset("IDX3", leverage=3)],
)
across.figure()

# %%
before = across.refusals["session"] < "2026-06-04"
print("refused before:", before.sum(), " from 2026-06-04 on:", (~before).sum())

# %% [markdown]
# ## What is new
#
# The intraday margin rule asks at every moment for what the old law asked at the close. Equity less maintenance margin is the *margin
# level*; a purchase that takes it below zero makes a deficit, and a deficit over the lesser of 5 % of equity and 1,000 dollars is called. The
# lowest level of each session:

# %%
levels = across.sessions.loc[across.sessions["session"] >= "2026-06-04", ["session", "equity", "lowest_intraday_margin_level"]]
levels.nsmallest(3, "lowest_intraday_margin_level")

# %% [markdown]
# This strategy stays far above zero, so the new rule asks nothing of it.
#
# ## What to try next
#
# - `rules="2026-06-03"` in `bt_pdt.run` holds the old law over bars of today: what would my strategy have met?
# - A brokerage may change over as late as 2027-10-20: `set={"switch_day": date(2026, 9, 1)}`.
# - `bt-pdt rules --diff 2026-06-03 2026-06-04` prints each change with its source.
# - Compare houses in place of days: `brokerages=["alpaca", "ibkr"]`.
