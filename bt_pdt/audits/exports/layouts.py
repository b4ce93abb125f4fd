"""The brokerages' export layouts as data: how a table is known, what its columns are called, what its signs mean. No code per brokerage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EXECUTIONS, ORDERS, MONEY = "executions", "orders", "money"


@dataclass(frozen=True)
class Layout:
    """One table of one brokerage. Column names are compared in lower case without anything but letters and digits.

    ``need`` are the columns that tell it (each may list alternatives, ``a|b``), ``columns`` where each field is found, the first that is
    there. ``path`` is where the rows of a JSON file are. ``section`` is the word in the first cell of a sectioned table's rows.
    """

    name: str
    title: str
    need: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    brokerage: str = "finra"
    kind: str = EXECUTIONS
    path: tuple[str, ...] | None = None
    tag: str = ""  # of an XML file: the element of a row
    section: str = ""
    fees: tuple[str, ...] = ()
    fee_sign: float = 1.0  # -1: a cost is written negative
    net: bool = True  # "amount" has the costs in it already
    dated: bool = False  # it has days alone, whatever its times say
    skip: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (column, values) of rows that are sums or lots, not events
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    aliases: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "executions",
        "generic executions (Tradervue's form)",
        ("date|datetime|tradedate", "symbol|ticker", "quantity|qty|shares", "price", "side|action|type|buysell"),
        {
            "at": ("datetime", "date", "tradedate", "executiondate"),
            "time": ("time", "exectime", "executiontime", "tradetime"),
            "symbol": ("symbol", "ticker"),
            "side": ("side", "action", "buysell", "type"),
            "qty": ("quantity", "qty", "shares"),
            "price": ("price", "tradeprice", "executionprice", "fillprice"),
            "order": ("orderid", "ordernumber"),
            "id": ("executionid", "execid", "tradeid"),
            "class": ("assetclass", "assettype", "securitytype", "instrumenttype"),
        },
        fees=("commission", "commissions", "transfee", "ecnfee", "fees", "fee"),
        aliases=("tradervue", "generic", "csv"),
    ),
    Layout(
        "tradezero",
        "TradeZero trades",
        ("td", "side", "symbol", "qty", "price", "exectime", "netproceeds"),
        {"at": ("td",), "time": ("exectime",), "symbol": ("symbol",), "side": ("side",), "qty": ("qty",), "price": ("price",)}
        | {"amount": ("netproceeds",), "gross": ("grossproceeds",)},
        fees=("comm", "sec", "taf", "nscc", "nasdaq", "ecnremove", "ecnadd"),
    ),
    Layout(
        "das",
        "DAS Trader trades",
        ("time", "symbol", "side", "price", "qty|quantity|shares", "route|liqtype|cloid|broker"),
        {
            "at": ("date", "datetime", "tradedate"),
            "time": ("time",),
            "symbol": ("symbol",),
            "side": ("side",),
            "qty": ("qty", "quantity", "shares"),
        }
        | {"price": ("price",), "order": ("cloid", "orderid", "ordid")},
        fees=("commission", "comm", "ecnfee", "sec", "taf"),
    ),
    Layout(
        "ibkr",
        "IBKR Flex query, trades as XML",
        ("symbol", "quantity", "tradeprice", "datetime|tradedate"),
        {
            "at": ("datetime", "tradedate"),
            "time": ("tradetime",),
            "symbol": ("symbol",),
            "side": ("buysell",),
            "qty": ("quantity",),
            "price": ("tradeprice",),
            "order": ("iborderid", "orderid"),
            "id": ("ibexecid", "tradeid", "transactionid"),
            "class": ("assetcategory", "assetclass"),
            "placed": ("ordertime",),
            "multiplier": ("multiplier",),
            "effect": ("openclose", "openCloseIndicator".lower()),
            "currency": ("currency", "currencyprimary"),
        },
        brokerage="ibkr",
        tag="Trade",
        fees=("ibcommission", "taxes"),
        fee_sign=-1.0,
        skip=(("levelofdetail", ("ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE")),),
    ),
    Layout(
        "ibkr",
        "IBKR Flex query, cash transactions as XML",
        ("amount", "type", "datetime|reportdate|settledate"),
        {
            "at": ("datetime", "reportdate", "settledate"),
            "what": ("type",),
            "symbol": ("symbol",),
            "amount": ("amount",),
            "currency": ("currency",),
        }
        | {"description": ("description",), "id": ("transactionid",)},
        brokerage="ibkr",
        kind=MONEY,
        tag="CashTransaction",
        skip=(("levelofdetail", ("SUMMARY",)),),
    ),
    Layout(
        "ibkr",
        "IBKR Flex query, corporate actions as XML",
        ("quantity", "symbol", "type", "datetime|reportdate"),
        {"at": ("datetime", "reportdate"), "what": ("type",), "symbol": ("symbol",), "qty": ("quantity",), "amount": ("proceeds",)}
        | {"description": ("actiondescription", "description"), "class": ("assetcategory",)},
        brokerage="ibkr",
        kind=MONEY,
        tag="CorporateAction",
        more={"FS": "split", "RS": "split", "SD": "split", "TC": "transfer", "SO": "transfer"},
    ),
    Layout(
        "ibkr",
        "IBKR Flex query, trades as CSV",
        (
            "symbol",
            "quantity",
            "tradeprice|price",
            "datetime|tradedate",
            "ibcommission|commission",
            "buysell|iborderid|assetclass|clientaccountid",
        ),
        {
            "at": ("datetime", "tradedate"),
            "time": ("tradetime",),
            "symbol": ("symbol",),
            "side": ("buysell",),
            "qty": ("quantity",),
            "price": ("tradeprice", "price"),
            "order": ("iborderid", "orderid"),
            "id": ("ibexecid", "tradeid", "transactionid"),
            "class": ("assetclass", "assetcategory"),
            "placed": ("ordertime",),
            "multiplier": ("multiplier",),
            "effect": ("openclose", "opencloseindicator"),
            "currency": ("currencyprimary", "currency"),
        },
        brokerage="ibkr",
        fees=("ibcommission", "commission", "taxes"),
        fee_sign=-1.0,
        skip=(("levelofdetail", ("ORDER", "CLOSED_LOT", "CLOSEDLOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE")),),
    ),
    Layout(
        "ibkr",
        "IBKR activity statement, trades",
        ("datadiscriminator", "assetcategory", "symbol", "datetime", "quantity", "tprice"),
        {"at": ("datetime",), "symbol": ("symbol",), "qty": ("quantity",), "price": ("tprice",), "class": ("assetcategory",)}
        | {"effect": ("code",), "currency": ("currency",), "gross": ("proceeds",)},
        brokerage="ibkr",
        section="Trades",
        fees=("commfee", "comminusd", "commission"),
        fee_sign=-1.0,
        skip=(("datadiscriminator", ("SubTotal", "Total", "ClosedLot", "Trade")),),
    ),
    *(
        Layout(
            "ibkr",
            f"IBKR activity statement, {section.lower()}",
            ("date|settledate", "amount"),
            {
                "at": ("settledate", "date"),
                "what": ("description",),
                "amount": ("amount",),
                "currency": ("currency",),
                "section": ("section",),
            },
            brokerage="ibkr",
            kind=MONEY,
            section=section,
        )
        for section in ("Deposits & Withdrawals", "Dividends", "Withholding Tax", "Interest", "Fees")
    ),
    Layout(
        "webull",
        "Webull orders",
        ("symbol", "side", "status", "filled", "totalqty", "avgprice", "placedtime"),
        {
            "placed": ("placedtime",),
            "at": ("filledtime",),
            "symbol": ("symbol",),
            "side": ("side",),
            "qty": ("filled",),
            "asked": ("totalqty",),
            "price": ("avgprice",),
            "limit": ("price",),
            "status": ("status",),
            "tif": ("timeinforce",),
        },
        brokerage="webull",
        kind=ORDERS,
        fees=("commission", "fees", "fee"),
    ),
    Layout(
        "thinkorswim",
        "thinkorswim cash balance",
        ("date", "time", "type", "ref", "description", "amount", "balance"),
        {"at": ("date",), "time": ("time",), "what": ("type",), "description": ("description",), "amount": ("amount",)},
        brokerage="schwab",
        kind=MONEY,
        fees=("miscfees", "commissionsfees"),
        fee_sign=-1.0,
        net=False,
        aliases=("tos",),
    ),
    Layout(
        "thinkorswim",
        "thinkorswim order history",
        ("timeplaced", "side", "qty", "symbol", "status"),
        {"placed": ("timeplaced",), "symbol": ("symbol",), "side": ("side",), "asked": ("qty",), "limit": ("price",), "status": ("status",)}
        | {"class": ("spread",), "effect": ("poseffect",), "tif": ("tif",), "exp": ("exp",)},
        brokerage="schwab",
        kind=ORDERS,
        aliases=("tos",),
        more={"orders": "matched"},
    ),
    Layout(
        "thinkorswim",
        "thinkorswim trade history",
        ("exectime", "side", "qty", "symbol", "price", "netprice"),
        {"at": ("exectime",), "symbol": ("symbol",), "side": ("side",), "qty": ("qty",), "price": ("price",), "class": ("spread",)}
        | {"effect": ("poseffect",), "exp": ("exp",)},
        brokerage="schwab",
        aliases=("tos",),
    ),
    Layout(
        "tastytrade",
        "tastytrade transactions",
        ("date", "type", "action", "symbol", "instrumenttype", "quantity", "averageprice"),
        {
            "at": ("date",),
            "symbol": ("symbol",),
            "side": ("action",),
            "qty": ("quantity",),
            "price": ("averageprice",),
            "gross": ("value",),
            "amount": ("total",),
            "class": ("instrumenttype",),
            "what": ("subtype", "type"),
            "order": ("order",),
            "multiplier": ("multiplier",),
            "description": ("description",),
            "currency": ("currency",),
        },
        brokerage="tastytrade",
        fees=("commissions", "fees"),
        fee_sign=-1.0,
    ),
    Layout(
        "schwab",
        "Schwab transactions",
        ("date", "action", "symbol", "description", "quantity", "price", "feescomm", "amount"),
        {"at": ("date",), "side": ("action",), "what": ("action",), "symbol": ("symbol",), "qty": ("quantity",), "price": ("price",)}
        | {"amount": ("amount",), "description": ("description",)},
        brokerage="schwab",
        fees=("feescomm",),
        dated=True,
    ),
    Layout(
        "schwab",
        "Schwab API transactions",
        ("time|tradedate", "type", "netamount"),
        {
            "at": ("time", "tradedate"),
            "what": ("type",),
            "symbol": ("iteminstrumentsymbol",),
            "class": ("iteminstrumentassettype",),
            "qty": ("itemamount",),
            "price": ("itemprice",),
            "amount": ("netamount",),
            "order": ("orderid",),
            "id": ("activityid",),
            "effect": ("itempositioneffect",),
            "status": ("status",),
            "description": ("description",),
        },
        brokerage="schwab",
        path=(),
        only=(("status", ("VALID",)),),
        more={"items": "transferItems"},
    ),
    Layout(
        "fidelity",
        "Fidelity history",
        ("rundate|date", "action", "symbol", "quantity", "price", "amount"),
        {
            "at": ("rundate", "date"),
            "side": ("action",),
            "what": ("action",),
            "symbol": ("symbol",),
            "qty": ("quantity",),
            "price": ("price",),
        }
        | {"amount": ("amount",), "description": ("action",)},
        brokerage="fidelity",
        fees=("commission", "fees"),
        dated=True,
        more={"wanted": "settlementdate|accruedinterest|securitytype|type"},
    ),
    Layout(
        "etrade",
        "E*TRADE history",
        ("transactiondate", "transactiontype", "securitytype", "symbol", "quantity", "amount", "price"),
        {
            "at": ("transactiondate",),
            "side": ("transactiontype",),
            "what": ("transactiontype",),
            "class": ("securitytype",),
            "symbol": ("symbol",),
        }
        | {"qty": ("quantity",), "price": ("price",), "amount": ("amount",), "description": ("description",)},
        brokerage="etrade",
        fees=("commission",),
        dated=True,
    ),
    Layout(
        "robinhood",
        "Robinhood activity",
        ("activitydate", "instrument", "transcode", "quantity", "price", "amount"),
        {
            "at": ("activitydate",),
            "symbol": ("instrument",),
            "side": ("transcode",),
            "what": ("transcode",),
            "qty": ("quantity",),
            "price": ("price",),
        }
        | {"amount": ("amount",), "description": ("description",)},
        brokerage="robinhood",
        dated=True,
    ),
    Layout(
        "tradier",
        "Tradier history",
        ("date", "type", "amount"),
        {
            "at": ("date",),
            "what": ("type",),
            "amount": ("amount",),
            "symbol": ("tradesymbol", "adjustmentsymbol"),
            "qty": ("tradequantity",),
        }
        | {"price": ("tradeprice",), "class": ("tradetradetype",), "description": ("tradedescription", "journaldescription")}
        | {"commission": ("tradecommission",)},
        brokerage="tradier",
        path=("history", "event"),
        dated=True,
    ),
    Layout(
        "tradier",
        "Tradier orders",
        ("symbol", "side", "quantity", "status", "createdate"),
        {
            "placed": ("createdate",),
            "at": ("transactiondate",),
            "symbol": ("symbol",),
            "side": ("side",),
            "asked": ("quantity",),
            "qty": ("execquantity",),
            "price": ("avgfillprice",),
            "limit": ("price",),
            "stop": ("stopprice",),
            "status": ("status",),
            "reason": ("reasondescription",),
            "order": ("id",),
            "class": ("class",),
            "tif": ("duration",),
            "type": ("type",),
        },
        brokerage="tradier",
        kind=ORDERS,
        path=("orders", "order"),
    ),
    Layout(
        "tradestation",
        "TradeStation API orders",
        ("orderid", "status", "openeddatetime"),
        {
            "placed": ("openeddatetime",),
            "at": ("closeddatetime",),
            "symbol": ("itemsymbol",),
            "side": ("itembuyorsell",),
            "asked": ("itemquantityordered",),
            "qty": ("itemexecquantity",),
            "price": ("itemexecutionprice", "filledprice"),
            "limit": ("limitprice",),
            "stop": ("stopprice",),
            "status": ("statusdescription", "status"),
            "reason": ("rejectreason",),
            "order": ("orderid",),
            "class": ("itemassettype",),
            "effect": ("itemopenorclose",),
            "tif": ("duration",),
            "type": ("ordertype",),
        },
        brokerage="tradestation",
        kind=ORDERS,
        path=("Orders",),
        fees=("commissionfee", "unbundledroutefee"),
        more={"items": "Legs"},
    ),
    Layout(
        "tradestation",
        "TradeStation orders",
        ("symbol", "type|side|action", "qtyfilled|filledqty|execqty", "status", "entered|timeplaced|opened|entrytime"),
        {
            "placed": ("entered", "timeplaced", "opened", "entrytime"),
            "at": ("filledcanceled", "filled", "closed", "timeexecuted"),
            "symbol": ("symbol",),
            "side": ("side", "action", "type"),
            "asked": ("qty", "quantity", "qtyordered"),
            "qty": ("qtyfilled", "filledqty", "execqty"),
            "price": ("filledprice", "avgprice", "avgfillprice", "fillprice"),
            "limit": ("limitprice", "limit"),
            "stop": ("stopprice", "stop"),
            "status": ("status",),
            "order": ("order", "orderid", "ordernumber"),
            "tif": ("duration", "tif"),
        },
        brokerage="tradestation",
        kind=ORDERS,
        fees=("commission",),
    ),
)

#: Every value of --from but alpaca and auto: name or alias -> the layouts that it means.
NAMES: dict[str, tuple[Layout, ...]] = {}
for _layout in LAYOUTS:
    for _name in (_layout.name, *_layout.aliases):
        NAMES[_name] = (*NAMES.get(_name, ()), _layout)
