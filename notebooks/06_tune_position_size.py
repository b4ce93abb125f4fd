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
# # How large may a position be?
#
# A day trader has 25,500 dollars, a little over the 25,000 dollars under which an account that day trades is restricted (until 2026-06-03). Each
# position takes 100 % of equity. What does the broker refuse, and which size would it have let pass?
#
# The bars are invented and the strategy has no edge to speak of: the question is not what is earned, but what is refused.

# %%
# %matplotlib inline
import time

import bt_pdt

# %% [markdown]
# ## Everything on every signal
#
# The strategy buys where a fast average crosses above a slow one, closes where it crosses below, and always closes before the bell. It
# trades three symbols, one of them a three times leveraged fund. How many shares is left to a *sizer*.

# %%
strategy = "../strategies/signal_follower.py"
bars = "../data/synthetic_1min_2026-05-07_2026-07-06.parquet"
setup = {
    "symbols": ["IDXE", "LRGE", "IDX3"],
    "params": {"fast": 10, "slow": 30},
    "assets": [bt_pdt.Asset("IDX3", leverage=3)],
    "todate": "2026-06-03",
}
naive = bt_pdt.run(strategy, bars, cash=25_500, block_on="entry", sizer="PercentOfEquity(percent=100)", **setup)
naive.figure()

# %%
print(naive)
print("positions kept overnight:", naive.summary["held_overnight"])
naive.refusals.groupby(["reason", "closing"]).size()

# %% [markdown]
# Block on Entry is the careful mode, and still orders to *close* are refused. The first refusal of each kind, in the broker's own words
# and in ours:

# %%
for first in naive.refusals.drop_duplicates("reason").itertuples():
    print(f"{first.at}  {first.side} {first.qty:g} {first.symbol}: {first.http_status} {first.code} {first.message}")
    print(f"    {first.why}")

# %% [markdown]
# So it is not the size of one order alone. Large positions lose more on a bad day; a bad day ends under 25,000 dollars; and from the next
# session on the account may make no day trade, not even by closing what it has bought.
#
# ## A few thousand accounts
#
# Fifty sizes, nine amounts of cash and three modes are 1,350 backtests. This strategy sends the same orders whatever it is answered, so one
# run is recorded and *replayed* under each of them by compiled code (`pip install "bt_pdt[fast]"`). The first replay on a machine
# compiles for about a minute, and the clock below counts it.
#
# What is sought: return, and few refusals. What is required: no order to close is refused, and no fall of more than 8 %.

# %%
began = time.perf_counter()
found = bt_pdt.tune(
    strategy,
    bars,
    {"sizer.percent": (4, 200, 4), "cash": (24_000, 28_000, 500), "block_on": ["entry", "exit", "both"]},
    sizer="PercentOfEquity()",
    objective=["total_return", "refused"],
    constraints=["refused_exits == 0", "max_drawdown > -8%"],
    method="grid",
    replay=True,
    verify=5,
    progress=True,
    **setup,
)
print(f"{len(found.trials):,} trials in {time.perf_counter() - began:.0f} seconds")

# %% [markdown]
# What a full run and a replayed one took, in the middle:

# %%
found.trials.groupby("replayed")["seconds"].agg(["count", "median"])

# %% [markdown]
# ## Which size fits which account
#
# Block on Exit. Grey is infeasible: an exit was refused, or the account fell by more than 8 %.

# %%
found.only(block_on="exit").heatmap("sizer.percent", "cash")

# %% [markdown]
# A step and three edges. Up to 25,000 dollars no size helps: the account is under the line, or gets there. With 25,500 dollars some sizes let a bad
# day reach it; from 26,000 dollars on none does.
#
# The edges across are what a position is charged. Four times the equity is day-trading buying power for shares at 25 %; the three times
# leveraged fund is charged at 75 %, three times its value. So all three positions fit up to 80 % of equity each
# ((1 + 1 + 3) × 80 % = 400 %), the fund and one other up to 100 %, the fund alone up to 133 %. Every edge changes which trades are made,
# and with them the return: it does not grow with size across them.
#
# ## The account at hand
#
# `only` takes a part of a search. With 25,500 dollars, return against refusals:

# %%
mine = found.only(cash=25_500)
mine.pareto_figure()

# %%
mine.pareto.drop_duplicates("sizer.percent")[["sizer.percent", "total_return", "refused", "max_drawdown", "held_overnight"]]

# %% [markdown]
# From bottom to top: the best size without any refusal, and what refused entries more bring. The modes make no difference here:
# they bind under 25,000 dollars, and these sizes close every session above it.
#
# And 100 %, for comparison, in each mode:

# %%
mine.only({"sizer.percent": 100}).trials[["block_on", "total_return", "refused", "refused_exits", "held_overnight", "violated"]]

# %% [markdown]
# Block on Exit ends higher than any feasible size. That return hangs on nights that nobody chose: it was not allowed to sell.
#
# ## Is the replay right?
#
# The hardest variant of the recording (the one with the most refusals) and the five best were run in full and compared, number by
# number:

# %%
for note in found.swept.notes:
    print(note)

# %% [markdown]
# The best size for 25,500 dollars was not among those five. `best` runs it in full and raises if one number differs:

# %%
best = mine.best
print(best.parameters)
replayed = mine.trials.set_index("trial").loc[best.trial]
for name in ("equity_end", "max_drawdown", "orders", "refused", "day_trades", "lowest_dtbp"):
    print(f"{name:14} replayed {replayed[name]:>12,.4f}   in full {best.result.summary[name]:>12,.4f}")

# %%
best.result.figure()

# %% [markdown]
# ## Is it to be believed?
#
# Two questions for the winner of any search. Does it stand on a plateau, or would another number near it do badly? And would the best of
# so many trials look as good by luck alone?

# %%
print(mine.neighbours().sentence)

# %%
print(mine.deflated_sharpe.sentence)

# %% [markdown]
# So do not take the return for skill. What does hold is the arithmetic: the edges at 80 %, 100 % and 133 % come from the rates alone, and
# how far an account must be from 25,000 dollars is a matter of its bad days, and you know yours. That step is the step for *these* bad days; a
# worse one moves it. Stay well inside.
#
# ## The same on a cluster
#
# One more argument, and the full runs go to the workers of a Dask scheduler (or `"ray"`); replays stay where the recording is:
#
# ```python
# found = bt_pdt.tune(
#     strategy,
#     bars,
#     {"sizer.percent": (4, 200, 4), "cash": (24_000, 28_000, 500), "block_on": ["entry", "exit", "both"]},
#     sizer="PercentOfEquity()",
#     objective=["total_return", "refused"],
#     constraints=["refused_exits == 0", "max_drawdown > -8%"],
#     method="grid",
#     replay=True,
#     scheduler="tcp://scheduler:8786",
#     **setup,
# )
# ```
#
# ## What to try next
#
# - The strategy's own parameters in the space: `"fast": [10, 20]` makes one recording for each.
# - Drop `todate`: from 2026-06-04 there is no line at 25,000 dollars, and the step goes.
# - Another brokerage, `"brokerage": ["alpaca", "ibkr"]`, or the sizer `"PercentOfBuyingPower()"`.
# - A strategy that asks again when it is refused cannot be replayed. The search says so and runs everything in full: `docs/howto/screen.md`.
