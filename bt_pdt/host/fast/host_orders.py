"""backtrader's orders, made and copied in one step each.

``BuyOrder(...)`` goes through backtrader's metaclasses, which set every parameter one by one and read the clock anew for each order; a
notification copies the order by the copy protocol. Here the same objects are filled in at once. What is not plain (trailing orders,
``valid``, feeds with a time zone) is made by backtrader itself.
"""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, time, timedelta
from typing import Any

import backtrader as bt
from backtrader.order import BuyOrder, OrderData, SellOrder
from backtrader.utils import AutoOrderedDict
from backtrader.utils.date import date2num

Order = bt.Order
_TRAILING = (Order.StopTrail, Order.StopTrailLimit)
_DAY = timedelta(days=1)
#: A second, in days: nearer to the session's end than this, backtrader decides which day's end it is.
_SECOND = 1.0 / 86_400.0
_REFS = Order.refbasis
_new = object.__new__


class OrderMaker:
    """Makes the orders of one run."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, time], tuple[float, float]] = {}

    def make(self, buy: bool, owner: Any, data: Any, size: Any, price: Any, pricelimit: Any, exectype: Any, **more: Any) -> Any:
        """``BuyOrder(owner=owner, ...)`` or ``SellOrder(...)``: the same attributes with the same values."""
        kind = BuyOrder if buy else SellOrder
        stamps = data.lines.datetime
        if (
            more["valid"] is not None
            or exectype in _TRAILING
            or data._tz is not None
            or stamps._tz is not None
            or not isinstance(data.p.sessionend, time)
        ):
            order = kind(owner=owner, data=data, size=size, price=price, pricelimit=pricelimit, exectype=exectype, **more)
            order.__dict__.update(data=data, owner=owner, parent=more["parent"], tradeid=more["tradeid"], transmit=more["transmit"])
            return order
        now, close = stamps[0], data.lines.close[0]
        params = kind.params()
        params.__dict__.update(
            more, owner=owner, data=data, size=size, price=price, pricelimit=pricelimit, exectype=exectype, oco=None, simulated=False
        )
        order = _new(kind)
        signed = size if buy else -size
        limit = pricelimit if pricelimit else None
        base = price if price else limit if limit is not None else close
        # backtrader leaves most of the parameters to Order.__getattr__; as attributes of the order they need no detour
        order.__dict__.update(
            more,
            owner=owner,
            data=data,
            params=params,
            p=params,
            ref=next(_REFS),
            broker=None,
            info=AutoOrderedDict(),
            comminfo=None,
            triggered=False,
            _active=more["parent"] is None,
            status=Order.Created,
            _plimit=pricelimit,
            exectype=Order.Market if exectype is None else exectype,
            size=signed,
            created=_data(
                now, signed, 0, base, base if limit is None else limit, pricelimit, close, more["trailamount"], more["trailpercent"]
            ),
            _limitoffset=0.0,
            executed=_data(None, 0, signed, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            position=0,
            dteos=self._session_end(data, now),
        )
        return order

    def _session_end(self, data: Any, now: float) -> float:
        """The provisional end of session that backtrader notes on an order: that of the bar's date, or the next day's if it is over."""
        day, clock = int(now), data.p.sessionend
        ends = self._ends.get((day, clock))
        if ends is None:
            at = datetime.combine(date.fromordinal(day), clock)
            ends = self._ends[(day, clock)] = date2num(at), date2num(at + _DAY)
        away = ends[0] - now
        if -_SECOND < away < _SECOND or now - day > 1.0 - _SECOND:
            at = data.datetime.datetime(0)
            end = at.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=clock.microsecond)
            return float(data.date2num(end + _DAY if end < at else end))
        return ends[0] if away > 0.0 else ends[1]


def _data(
    dt: Any, size: Any, remsize: Any, price: Any, pricelimit: Any, plimit: Any, pclose: Any, trailamount: Any, trailpercent: Any
) -> Any:
    """``OrderData(...)`` with its prices worked out."""
    made = _new(OrderData)
    made.__dict__.update(
        pclose=pclose,
        exbits=deque(),
        p1=0,
        p2=0,
        dt=dt,
        size=size,
        remsize=remsize,
        price=price,
        pricelimit=pricelimit,
        trailamount=trailamount,
        trailpercent=trailpercent,
        _plimit=plimit,
        value=0.0,
        comm=0.0,
        margin=None,
        pnl=0.0,
        psize=0,
        pprice=0,
    )
    return made


def cheap_clone(order: Any) -> Any:
    """``order.clone()`` without the copy protocol: the same object graph at a fifth of the time."""
    twin = _new(type(order))
    twin.__dict__.update(order.__dict__)
    executed = order.executed
    executed.p1, executed.p2 = executed.p2, len(executed.exbits)
    copy = _new(OrderData)
    copy.__dict__.update(executed.__dict__)
    twin.executed = copy
    return twin
