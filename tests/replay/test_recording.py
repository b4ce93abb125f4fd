"""What is recorded of a strategy, however it asks: exact under other accounts, left with a reason, or seen to be unstable."""

import datetime

import backtrader as bt
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

from wild import bars, beside, recording

from bt_pdt.whatif import Unsupported

MADE = bars(2, symbols=2, days=2, price=(40, 60))
VARIANTS = (
    {"cash": 2_500.0},
    {"cash": 30_000.0, "sizer": "FixedSize(stake=7)"},
    {"cash": 9_000.0, "sizer": "PercentOfEquity(percent=70)"},
    {"cash": 26_000.0, "rules": "off", "sizer": "PercentOfBuyingPower(percent=20)"},
)


class Every(bt.Strategy):
    """Calls ``act`` on every 40th bar, with how often it did."""

    def next(self):
        if len(self) % 40 == 0:
            self.act(len(self) // 40)


class Positional(Every):
    def act(self, n):
        if n % 2:
            self.buy(
                self.data1,
                10,
                self.data1.close[0] + 0.1,
                None,
                bt.Order.Limit,
                self.data1.datetime.datetime(0) + datetime.timedelta(minutes=9),
            )
        else:
            self.sell(self.data1, 10)


class ByName(Every):
    def act(self, n):
        (self.buy if n % 2 else self.sell)(data="S1")


class ClosesPart(Every):
    def act(self, n):
        if n % 3:
            self.buy(data=self.data1)
        else:
            self.close(self.data1, 5)


class FromNotifyOrder(Every):
    """The answer to each order is the next one."""

    def act(self, n):
        self.buy(size=2)

    def notify_order(self, order):
        if order.status == order.Completed and order.isbuy() and len(self) % 3 == 0:
            self.sell(size=1)


class FromTimer(bt.Strategy):
    def __init__(self):
        self.add_timer(when=datetime.time(11, 0))
        self.add_timer(when=datetime.time(14, 0))

    def notify_timer(self, timer, when, *args, **kwargs):
        (self.buy if when.hour == 11 else self.sell)()


class FromPrenext(bt.Strategy):
    def __init__(self):
        bt.ind.SMA(self.data, period=300)

    def prenext(self):
        if len(self) in (50, 90):
            self.buy()

    def next(self):
        if len(self) % 60 == 0:
            self.close()


class Meta(type(bt.Strategy)):
    def __new__(meta, name, bases, own):
        return super().__new__(meta, name, bases, {**own, "made_by": name})


class OfAMetaclass(Every, metaclass=Meta):
    __slots__ = ("more",)
    record = kind = "names of the recorder's own"

    def act(self, n):
        self.more = n
        (self.buy if n % 2 else self.sell)()


class PrintsAtTheEnd(ByName):
    def stop(self):
        assert self.broker.getvalue() > 0 and self.broker.account.state.equity > 0


@pytest.mark.parametrize(
    "strategy",
    [Positional, ByName, ClosesPart, FromNotifyOrder, FromTimer, FromPrenext, OfAMetaclass, PrintsAtTheEnd],
    ids=lambda s: s.__name__,
)
def test_recorded_whatever_the_way(strategy):
    replay = recording(strategy, MADE)
    for arguments in VARIANTS:
        differs, one, full = beside(replay, MADE, arguments)
        # who hears of orders asks for other things when one is refused: seen, and so never taken for the truth
        assert not differs or (strategy is FromNotifyOrder and full.summary["refused"]), (arguments, differs)
        assert one.metrics["orders"] > 2


def by(act):
    return type("Asks", (Every,), {"act": act})


def own_buy():
    class OwnBuy(Every):
        def act(self, n):
            self.buy()

        def buy(self, **words):
            return super().buy(**{"size": 3, **words})

    return OwnBuy


def sets_a_sizer(at):
    class Sets(Every):
        def __init__(self):
            if at == "init":
                self.sizer = bt.sizers.FixedSize(stake=4)

        def start(self):
            if at == "start":
                self.setsizer(bt.sizers.FixedSize(stake=4))

        def act(self, n):
            if at == "next":
                self.sizer = bt.sizers.FixedSize(stake=4)
                self.sizer.set(self, self.broker)
            self.buy()

    return Sets


def told(name):
    def hear(self, *args, **kwargs):
        pass

    return type("Told", (ByName,), {name: hear})


def in_start(do):
    def start(self):
        do(self)

    return type("Starts", (ByName,), {"start": start})


def asks_in_init(self):
    self.began_with = self.broker.getvalue()


class CheatTimer(bt.Strategy):
    def __init__(self):
        self.add_timer(when=datetime.time(11, 0), cheat=True)

    def notify_timer(self, timer, when, *args, **kwargs):
        self.buy()


LOOKS = "a strategy that asks for its cash, its value or its account"
OTHER = "a run that is not its own replay"


@pytest.mark.parametrize(
    ("strategy", "why"),
    [
        (by(lambda self, n: self.buy(size=int(self.broker.getvalue() / 100))), LOOKS),
        (by(lambda self, n: self.buy(size=int(self.broker.get_cash() / 100))), LOOKS),
        (by(lambda self, n: self.broker.account.state and self.buy()), LOOKS),
        (type("Begins", (ByName,), {"__init__": asks_in_init}), LOOKS),
        (in_start(lambda self: self.broker.getcash()), LOOKS),
        (by(lambda self, n: self.order_target_percent(target=0.1 * n)), "an order to a share of equity or to a value"),
        (by(lambda self, n: self.order_target_value(target=1000 * n)), "an order to a share of equity or to a value"),
        (by(lambda self, n: self.buy(size=self.getsizing(self.data))), "a strategy that asks its sizer itself"),
        (by(lambda self, n: self.buy_bracket(limitprice=self.data.close[0] + 1, stopprice=self.data.close[0] - 1)), "an order in parts"),
        (by(lambda self, n: self.buy(size=float("nan"), exectype=bt.Order.Limit, price=1.0)), "an order without a finite size"),
        (by(lambda self, n: self.broker.buy(self, self.data, 5)), OTHER),
        (by(lambda self, n: self.buy() and self.broker.add_cash(100.0)), OTHER),
        (in_start(lambda self: self.broker.setcommission(commission=0.001)), OTHER),
        (in_start(lambda self: self.broker.set_slippage_fixed(0.05)), OTHER),
        (in_start(lambda self: self.buy()), "orders before the first bar"),
        (own_buy(), "a strategy with a buy() of its own"),
        (told("notify_cashvalue"), "a strategy that is told of its cash and value (notify_cashvalue)"),
        (told("notify_store"), "a strategy that is told of margin calls (notify_store)"),
        (sets_a_sizer("init"), "a sizer that the strategy sets itself"),
        (sets_a_sizer("start"), "a sizer that the strategy sets itself"),
        (sets_a_sizer("next"), "a sizer that the strategy sets itself"),
        (CheatTimer, "an order on a bar that has only begun"),
    ],
)
def test_what_hangs_on_the_account_or_is_no_intent_is_not_replayed(strategy, why):
    with pytest.raises(Unsupported) as error:
        recording(strategy, MADE)
    assert str(error.value).startswith(why)


def test_a_target_in_shares_is_recorded_as_what_it_asks():
    """It hangs on the position, so on refusals: where none comes it is the same under every account."""
    replay = recording(by(lambda self, n: self.order_target_size(target=5 * (n % 3))), MADE)
    for cash in (60_000.0, 90_000.0):
        differs, one, _ = beside(replay, MADE, {"cash": cash, "brokerage": "finra"})
        assert (differs, one.metrics["refused"]) == ("", 0)
