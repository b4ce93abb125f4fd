"""Buy on margin and hold."""

import backtrader as bt


class LeveragedHold(bt.Strategy):
    """Buys ``leverage`` times the account's equity on the first bar, equal dollars in each symbol, and never sells.

    A refused order is sent again on the next bar, ``step`` times equity smaller: a brokerage that values a market order above the
    last price does not take all of 2.0, and stock backtrader lends nothing. Whatever is sold later, the brokerage sold: with
    ``verbose`` the strategy prints its purchases, refusals and all that the broker tells it.
    """

    params = (
        ("leverage", 2.0),  # times equity, over all symbols
        ("step", 0.05),  # times equity, less after each refusal
        ("verbose", False),
    )

    def __init__(self):
        self.wanted = dict.fromkeys(self.datas, self.p.leverage)  # 0.0 once it is bought
        self.pending = dict.fromkeys(self.datas)

    def notify_order(self, order):
        pending = self.pending.get(order.data)
        if pending is None or pending.ref != order.ref or order.alive():
            return
        self.pending[order.data] = None
        if order.status == order.Completed:
            self.wanted[order.data] = 0.0
            self.tell(f"bought {order.executed.size:,.0f} {order.data._name} at {order.executed.price:.2f}")
        else:
            self.tell(f"{order.size:,.0f} {order.data._name} at {self.wanted[order.data]:g} times equity: {order.getstatusname()}")
            self.wanted[order.data] = max(0.0, round(self.wanted[order.data] - self.p.step, 9))

    def notify_store(self, msg, *args, **kwargs):
        call = kwargs.get("call")
        if hasattr(call, "amount"):
            kwargs["call"] = f"{call.id}, {call.kind} of ${call.amount:,.2f} due {call.due_on}"
        self.tell(" ".join([str(msg), *map(str, args), *(f"{name}={value}" for name, value in kwargs.items())]))

    def tell(self, text):
        if self.p.verbose:
            times = [data.datetime.datetime(0) for data in self.datas if len(data)]
            print(f"{max(times):%Y-%m-%d %H:%M} {text}" if times else text)

    def next(self):
        for data in self.datas:
            if len(data) and self.wanted[data] and self.pending[data] is None:
                size = int(self.wanted[data] * self.broker.getvalue() / len(self.datas) / data.close[0])
                if size > 0:
                    self.pending[data] = self.buy(data=data, size=size)
