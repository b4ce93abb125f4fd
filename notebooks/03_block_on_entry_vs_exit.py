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
# # Block on Entry or Block on Exit?
#
# Until 2026-06-03 an account under 25,000 dollars may make three day trades in five business days. The broker can refuse the order that *opens*
# the fourth (Block on Entry), or the one that *closes* it (Block on Exit). The second lets you in, and keeps you over the night.
#
# Which one suits a strategy is a question that a backtest can put. The bars are invented; the method is what to take home.

# %%
# %matplotlib inline
import bt_pdt

# %% [markdown]
# ## Three runs of one strategy
#
# An opening range breakout with 24,500 dollars trades three symbols, one of them a three times leveraged fund. `off` measures and refuses
# nothing: what the rules cost is measured against it.

# %%
setup = {
    "symbols": ["IDXE", "LRGE", "IDX3"],
    "params": {"cash_per_trade": 12_000.0},
    "assets": [bt_pdt.Asset("IDX3", leverage=3)],
    "todate": "2026-06-03",
}
strategy = "../strategies/opening_range_breakout.py"
bars = "../data/synthetic_1min_2026-05-07_2026-07-06.parquet"
found = bt_pdt.compare(strategy, bars, cash=24_500, modes=["off", "entry", "exit"], jobs=1, **setup)
found.table[["profit", "orders", "refused", "entries_refused", "exits_refused", "stuck_overnight", "stuck_pnl", "day_trades"]].T

# %%
found.figure()

# %% [markdown]
# ## What the rules cost
#
# `cost` is the profit with the rules off less the profit under them. Its parts add up to it, to the cent. A negative cost is money the
# rule *spared*: a trade that was never opened would have lost.

# %%
found.costs.T

# %% [markdown]
# ## Stuck overnight
#
# Each row is a position that should have been closed and was kept, because the order to close it was refused. `pnl` is what the night
# made of it: signed shares × (next open − last close). No stop helps there.

# %%
found.stuck[["session", "symbol", "qty", "refused", "close", "next_open", "pnl"]]

# %%
print(f"{len(found.stuck)} positions, together ${found.stuck['pnl'].sum():,.2f}")
worst = found.stuck.loc[found.stuck["pnl"].idxmin()]
print(f"the worst: {worst['qty']:g} {worst['symbol']}, {worst['close']} to {worst['next_open']}: ${worst['pnl']:,.2f}")

# %% [markdown]
# The worst one by hand: 203 shares sold short, closed at 57.37, opened at 58.77 the next morning. −203 × (58.77 − 57.37) = −284.20.
#
# ## Where the two part
#
# The first order on which the two accounts got another answer:

# %%
parted = found.first_divergence("entry", "exit").order
print(parted.at, parted.symbol, parted.side)
print("entry:", parted.answer_a, " exit:", parted.answer_b)
print(parted.why)

# %% [markdown]
# ## Can the data tell?
#
# One mode always ends higher. The last sentence asks whether that could be chance: it draws the sessions again and again, and looks at
# how far the average difference moves.

# %%
for sentence in found.conclusions:
    print(sentence)

# %% [markdown]
# Nineteen sessions cannot tell the two apart, although 157.00 dollars lie between them. Choose by what can go wrong instead: with *entry* you
# miss trades; with *exit* you hold positions you wanted to leave.
#
# ## Turn the knobs
#
# The size of the account, the mode and the brokerage. Each setting is run once and kept (`pip install "bt_pdt[jupyter]"` brings the
# widgets).

# %%
explorer = bt_pdt.explore(strategy, bars, cash=24_500, mode="exit", **setup)
explorer

# %% [markdown]
# The widgets can be set by code too; `explorer.result` is the run that is shown.

# %%
explorer.cash.value = 26_000
explorer.result

# %% [markdown]
# 1,500 dollars more, and nothing is refused: the equity of every previous close is at least 25,000 dollars.
#
# ## What to try next
#
# - `bt_pdt.smallest_account(strategy, bars, mode="entry", **setup).sentence`: the cash from which on nothing is refused.
# - Take a strategy that does not mind the night, `../strategies/overnight_gap_hold.py`.
# - Give more sessions of your own bars, and read the last sentence again.
# - `found.save("compared")` keeps every run with its tables and pictures.
