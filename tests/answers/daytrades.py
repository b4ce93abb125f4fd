"""Day-trade counts typed from the sources, never computed here.

Each row: (name, source, start positions, executions in time order as (symbol, signed quantity), Method B, Method A FIFO, Method A LIFO);
None where the source gives no count. Every execution is an order of its own.
"""

from __future__ import annotations

X, Y = "X", "Y"

ALPACA = "alpaca.md 1.2"
OFFICIAL = "rulebook.md 1.3 official examples"
BROKER = "rulebook.md 1.3 broker examples for Method A"
EDGE = "rulebook.md 1.3 edge vectors"

ROWS = [
    ("alpaca A", ALPACA, {}, [(X, 250), (X, 250), (X, -500)], 1, None, None),
    ("alpaca B", ALPACA, {}, [(X, 100), (X, -100), (X, 100), (X, -100)], 2, None, None),
    ("alpaca C", ALPACA, {}, [(X, 500), (X, -100), (X, -100), (X, -300)], 1, None, None),
    ("alpaca D", ALPACA, {}, [(X, 250), (X, 300), (X, 100), (X, -150), (X, -175)], 1, None, None),
    ("alpaca E", ALPACA, {}, [(X, 199), (X, 142), (X, -1), (X, 45), (X, -100), (X, -200)], 2, None, None),
    ("alpaca F", ALPACA, {}, [(X, 200), (X, -100), (Y, 100), (Y, -100)], 2, None, None),
    ("F-8009 partial sale", ALPACA, {}, [(X, 10), (X, -5)], 1, None, None),
    ("F-8009 then the rest", ALPACA, {}, [(X, 10), (X, -5), (X, -5)], 1, None, None),
    ("F-8009 short, cover a part", ALPACA, {}, [(X, -10), (X, 5)], 1, None, None),
    ("F-8009 add to a holding, sell a part", ALPACA, {X: 100}, [(X, 10), (X, -5)], 1, None, None),
    ("F-8009 sell of a holding, buy back", ALPACA, {X: 100}, [(X, -10), (X, 5)], 0, None, None),
    ("F-8009 cover a carried short, short again", ALPACA, {X: -100}, [(X, 10), (X, -5)], 0, None, None),
    ("S-FORUM buy, sell, sell, buy, sell", ALPACA, {}, [(X, 100), (X, -50), (X, -50), (X, 100), (X, -100)], 2, None, None),
    ("reversal through zero", ALPACA, {}, [(X, 100), (X, -200), (X, 100)], 2, None, None),
    ("official A", OFFICIAL, {}, [(X, 250), (X, 250), (X, -500)], 1, 2, 2),
    ("official B", OFFICIAL, {}, [(X, 100), (X, -100), (X, 100), (X, -100)], 2, 2, 2),
    ("official C", OFFICIAL, {}, [(X, 500), (X, -100), (X, -100), (X, -300)], 1, 1, 1),
    ("official D", OFFICIAL, {}, [(X, 250), (X, 300), (X, 100), (X, -150), (X, -175)], 1, 2, 2),
    ("official E", OFFICIAL, {}, [(X, 199), (X, 142), (X, -1), (X, 45), (X, -100), (X, -200)], 2, 2, 3),
    ("official F", OFFICIAL, {}, [(X, 200), (Y, 100), (X, -100), (Y, -100)], 2, 2, 2),
    ("one opening, two sales", BROKER, {}, [(X, 100), (X, -50), (X, -50)], 1, 1, None),
    ("two openings, one sale", BROKER, {}, [(X, 50), (X, 50), (X, -100)], 1, 2, None),
    ("two openings, a sale that reaches the second", BROKER, {}, [(X, 50), (X, 50), (X, -51)], 1, 2, None),
    ("exception a", EDGE, {X: 100}, [(X, -100)], 0, None, None),
    ("liquidation, then a new opening", EDGE, {X: 100}, [(X, -100), (X, 100)], 0, None, None),
    ("the reopened shares are closed", EDGE, {X: 100}, [(X, -100), (X, 100), (X, -100)], 1, None, None),
    ("new purchase first", EDGE, {X: 100}, [(X, 100), (X, -100)], 1, None, None),
    ("new purchase first, all sold", EDGE, {X: 100}, [(X, 50), (X, -150)], 1, None, None),
    ("sell half, buy back, sell", EDGE, {X: 100}, [(X, -50), (X, 50), (X, -50)], 1, None, None),
    ("100 liquidated and 100 shorted, short covered", EDGE, {X: 100}, [(X, -200), (X, 100)], 1, None, None),
    ("exception b, then a new short", EDGE, {X: -100}, [(X, 100), (X, -100)], 0, None, None),
    ("new sale first", EDGE, {X: -100}, [(X, -50), (X, 50)], 1, None, None),
    ("long round trip, then short round trip", EDGE, {}, [(X, 100), (X, -200), (X, 100)], 2, None, None),
    ("partial close counts", EDGE, {}, [(X, 100), (X, -50)], 1, None, None),
]
