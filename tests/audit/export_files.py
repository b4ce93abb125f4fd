"""One small account in the layouts of many brokerages' exports, all made here: columns in any order, with columns that nobody asked for."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


class T(NamedTuple):
    """An execution: New York time, symbol, side (B, S, SS, BC), shares, price."""

    at: datetime
    symbol: str
    side: str
    qty: float
    price: float

    @property
    def flow(self) -> float:
        return self.qty * self.price * (-1 if self.side in ("B", "BC") else 1)


def t(day: int, clock: str, symbol: str, side: str, qty: float, price: float) -> T:
    hour, minute, second = (int(n) for n in clock.split(":"))
    return T(datetime(2023, 7, day, hour, minute, second), symbol, side, qty, price)


#: Monday to Wednesday in July (daylight time): MSFT day-traded on Monday, GME shorted and covered on Tuesday, T carried overnight.
TRADES = (
    t(10, "09:31:05", "MSFT", "B", 40, 331.5),
    t(10, "09:47:00", "T", "B", 200, 15.25),
    t(10, "11:02:59", "MSFT", "S", 40, 333.25),
    t(11, "09:30:01", "T", "S", 200, 15.5),
    t(11, "10:15:00", "GME", "SS", 60, 23.4),
    t(11, "14:59:30", "GME", "BC", 60, 22.9),
    t(12, "15:30:00", "MSFT", "B", 25, 340.0),
)
DAY_TRADES = {"2023-07-10": 1, "2023-07-11": 1}
POSITIONS = {"MSFT": 25.0}


def cash_after(before: float, costs: float = 0.0) -> float:
    return round(before + sum(trade.flow for trade in TRADES) - costs, 2)


def table(rows: list[dict[str, Any]], seed: int = 0, extra: bool = True, quote: bool = False) -> str:
    """Rows as CSV, the columns in an order of its own and one more that means nothing."""
    names = list(rows[0])
    random.Random(seed).shuffle(names)
    if extra:
        names.insert(len(names) // 2, "My Own Note")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([row.get(name, "") for name in names])
    return out.getvalue()


def utc(at: datetime, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return at.replace(tzinfo=NEW_YORK).astimezone(ZoneInfo("UTC")).strftime(form)


def offset(at: datetime) -> str:
    return at.replace(tzinfo=NEW_YORK).strftime("%Y-%m-%dT%H:%M:%S%z")


def dollars(amount: float, brackets: bool = False) -> str:
    text = f"${abs(amount):,.2f}"
    return text if amount >= 0 else f"({text})" if brackets else f"-{text}"


WORDS = {
    "plain": {"B": "Buy", "S": "Sell", "SS": "Short", "BC": "Cover"},
    "letters": {"B": "B", "S": "S", "SS": "SS", "BC": "BC"},
    "two": {"B": "BUY", "S": "SELL", "SS": "SELL", "BC": "BUY"},
    "schwab": {"B": "Buy", "S": "Sell", "SS": "Sell Short", "BC": "Buy"},
    "etrade": {"B": "Bought", "S": "Sold", "SS": "Sold Short", "BC": "Bought To Cover"},
    "tastytrade": {"B": "BUY_TO_OPEN", "S": "SELL_TO_CLOSE", "SS": "SELL_TO_OPEN", "BC": "BUY_TO_CLOSE"},
    "tradier": {"B": "buy", "S": "sell", "SS": "sell_short", "BC": "buy_to_cover"},
}


def executions(seed: int = 0) -> str:
    return table(
        [
            {"Date": f"{x.at:%m/%d/%Y}", "Time": f"{x.at:%I:%M:%S %p}", "Symbol": x.symbol, "Quantity": f"{x.qty:g}", "Price": x.price}
            | {"Side": WORDS["plain"][x.side], "Commission": "0.50"}
            for x in TRADES
        ],
        seed,
    )


def das(day: int, seed: int = 0) -> str:
    rows = [
        {
            "Time": f"{x.at:%H:%M:%S}",
            "Symbol": x.symbol,
            "Side": WORDS["letters"][x.side],
            "Price": x.price,
            "Qty": f"{x.qty:g}",
            "Route": "ARCA",
        }
        for x in TRADES
        if x.at.day == day
    ]
    return table(rows, seed)


def tradezero(seed: int = 0) -> str:
    rows = [
        {
            "Account": "TZ",
            "T/D": f"{x.at:%m/%d/%Y}",
            "S/D": "",
            "Currency": "USD",
            "Type": "2",
            "Side": WORDS["letters"][x.side],
            "Symbol": x.symbol,
        }
        | {"Qty": f"{x.qty:g}", "Price": x.price, "Exec Time": f"{x.at:%H:%M:%S}", "Comm": "0.25", "SEC": "0.05"}
        | {"Gross Proceeds": f"{x.flow:.2f}", "Net Proceeds": f"{x.flow - 0.30:.2f}"}
        for x in TRADES
    ]
    return table(rows, seed)


def flex_csv(seed: int = 0, effects: bool = False) -> str:
    rows = []
    for n, x in enumerate(TRADES):
        row = {"CurrencyPrimary": "USD", "AssetClass": "STK", "Symbol": x.symbol, "TradeID": str(n), "DateTime": f"{x.at:%Y%m%d;%H%M%S}"}
        row |= {
            "Buy/Sell": WORDS["two"][x.side],
            "Quantity": f"{x.qty * (1 if x.flow < 0 else -1):g}",
            "TradePrice": x.price,
            "IBCommission": "-0.35",
        }
        row |= {"OrderTime": f"{x.at - timedelta(seconds=9):%Y%m%d;%H%M%S}", "IBOrderID": str(500 + n)}
        rows.append(row | ({"Open/CloseIndicator": "O" if x.side in ("B", "SS") else "C"} if effects else {}))
    return table(rows, seed, quote=True)


def flex_xml() -> str:
    parts = []
    for n, x in enumerate(TRADES):
        known = {"currency": "USD", "assetCategory": "STK", "symbol": x.symbol, "dateTime": f"{x.at:%Y%m%d;%H%M%S}"}
        known |= {
            "quantity": f"{x.qty * (1 if x.flow < 0 else -1):g}",
            "tradePrice": f"{x.price}",
            "ibCommission": "-0.35",
            "ibOrderID": str(n),
        }
        known |= {
            "buySell": WORDS["two"][x.side],
            "openCloseIndicator": "O" if x.side in ("B", "SS") else "C",
            "levelOfDetail": "EXECUTION",
        }
        parts.append("<Trade " + " ".join(f'{k}="{v}"' for k, v in known.items()) + "/>")
    money = '<CashTransaction currency="USD" type="Deposits/Withdrawals" amount="500" dateTime="20230711;090000" description="X" levelOfDetail="DETAIL"/>'
    inside = f"<Trades>{''.join(parts)}</Trades><CashTransactions>{money}</CashTransactions>"
    return f"<FlexQueryResponse><FlexStatements><FlexStatement>{inside}</FlexStatement></FlexStatements></FlexQueryResponse>"


def activity_statement() -> str:
    lines = ["Statement,Header,Field Name,Field Value", "Statement,Data,Title,Activity"]
    lines.append("Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Proceeds,Comm/Fee,Code")
    for x in TRADES:
        qty = f'"{x.qty * (1 if x.flow < 0 else -1):,.0f}"'
        code = "O" if x.side in ("B", "SS") else "C;P"
        lines.append(f'Trades,Data,Order,Stocks,USD,{x.symbol},"{x.at:%Y-%m-%d, %H:%M:%S}",{qty},{x.price},{x.flow},-0.35,{code}')
    lines.append("Trades,SubTotal,,Stocks,USD,MSFT,,25,,,,")
    lines.append("Dividends,Header,Currency,Date,Description,Amount")
    lines.append("Dividends,Data,USD,2023-07-11,T(US00206R1023) Cash Dividend USD 0.2775 per Share,55.5")
    lines.append("Dividends,Data,Total,,,55.5")
    return "\n".join(lines) + "\n"


def webull(seed: int = 0) -> str:
    words = {"B": "Buy", "S": "Sell", "SS": "Short", "BC": "Buy"}
    rows = [
        {"Name": "N", "Symbol": x.symbol, "Side": words[x.side], "Status": "Filled", "Filled": f"{x.qty:g}", "Total Qty": f"{x.qty:g}"}
        | {
            "Price": f"@{x.price}",
            "Avg Price": x.price,
            "Time-in-Force": "DAY",
            "Placed Time": f"{x.at - timedelta(seconds=4):%m/%d/%Y %H:%M:%S} EDT",
        }
        | {"Filled Time": f"{x.at:%m/%d/%Y %H:%M:%S} EDT"}
        for x in reversed(TRADES)
    ]
    gone = {"Symbol": "T", "Side": "Sell", "Status": "Cancelled", "Filled": "0", "Total Qty": "200", "Price": "@16", "Time-in-Force": "GTC"}
    rows.append(gone | {"Placed Time": "07/10/2023 12:00:00 EDT", "Name": "N"})
    return table(rows, seed)


def thinkorswim() -> str:
    out = ["Account Statement for 1 since 7/10/23 through 7/12/23", "", "Cash Balance"]
    out.append("DATE,TIME,TYPE,REF #,DESCRIPTION,Misc Fees,Commissions & Fees,AMOUNT,BALANCE")
    for n, x in enumerate(TRADES):
        word, sign = ("BOT", "+") if x.flow < 0 else ("SOLD", "-")
        description = f"{word} {sign}{x.qty:g} {x.symbol} @{x.price:.2f}"
        out.append(f'{x.at:%-m/%-d/%y},{x.at:%H:%M:%S},TRD,"=""{n}""",{description},-0.02,-0.10,"{x.flow:,.2f}",0')
    out += ['7/11/23,01:00:00,DOI,99,ORDINARY DIVIDEND~T,,,"12.00",0', ',,,,TOTAL,,,,"0"', "", "Account Order History"]
    out.append("Notes,,Time Placed,Spread,Side,Qty,Pos Effect,Symbol,Exp,Strike,Type,PRICE,,TIF,Status")
    out.append(',,7/12/23 10:00:00,STOCK,BUY,"+5,000",TO OPEN,MSFT,,,STOCK,340.00,LMT,DAY,REJECTED: not enough buying power')
    for x in TRADES:
        side, sign, effect = ("BUY", "+") if x.flow < 0 else ("SELL", "-"), "", "TO OPEN" if x.side in ("B", "SS") else "TO CLOSE"
        (side, sign) = side  # type: ignore[assignment]
        sent = x.at - timedelta(seconds=7)
        out.append(f",,{sent:%-m/%-d/%y %H:%M:%S},STOCK,{side},{sign}{x.qty:g},{effect},{x.symbol},,,STOCK,{x.price:.2f},LMT,DAY,FILLED")
    out += ["", "Account Trade History", ",Exec Time,Spread,Side,Qty,Pos Effect,Symbol,Exp,Strike,Type,Price,Net Price,Order Type"]
    for x in TRADES:
        side, sign, effect = ("BUY", "+") if x.flow < 0 else ("SELL", "-"), "", "TO OPEN" if x.side in ("B", "SS") else "TO CLOSE"
        (side, sign) = side  # type: ignore[assignment]
        out.append(f",{x.at:%-m/%-d/%y %H:%M:%S},STOCK,{side},{sign}{x.qty:g},{effect},{x.symbol},,,STOCK,{x.price:.2f},{x.price:.2f},LMT")
    return "\n".join(out) + "\n"


def tastytrade(seed: int = 0) -> str:
    rows = []
    for n, x in enumerate(reversed(TRADES)):
        row = {"Date": offset(x.at), "Type": "Trade", "Sub Type": "", "Action": WORDS["tastytrade"][x.side], "Symbol": x.symbol}
        row |= {"Instrument Type": "Equity", "Description": "d", "Value": f"{x.flow:,.2f}", "Quantity": f"{x.qty:g}"}
        row |= {
            "Average Price": f"{x.price * (-1 if x.flow < 0 else 1):.2f}",
            "Commissions": "0.00",
            "Fees": "-0.11",
            "Multiplier": "",
            "Order #": str(n),
        }
        rows.append(row | {"Total": f"{x.flow - 0.11:,.2f}", "Currency": "USD"})
    option = {"Date": "2023-07-11T12:00:00-0400", "Type": "Trade", "Action": "SELL_TO_OPEN", "Symbol": "SPY   230721P00440000"}
    option |= {"Instrument Type": "Equity Option", "Description": "Sold", "Value": "210.00", "Quantity": "1", "Average Price": "210.00"}
    rows.append(
        option
        | {
            "Commissions": "-1.00",
            "Fees": "-0.14",
            "Multiplier": "100",
            "Total": "208.86",
            "Currency": "USD",
            "Order #": "9",
            "Sub Type": "",
        }
    )
    fund = {"Date": "2023-07-10T08:00:00-0400", "Type": "Money Movement", "Sub Type": "Withdrawal", "Value": "-300.00", "Quantity": "0"}
    rows.append(fund | {"Total": "-300.00", "Currency": "USD", "Description": "ACH", "Fees": "0.00", "Commissions": "--"})
    return table(rows, seed)


def schwab(seed: int = 0) -> str:
    rows = [
        {"Date": f"{x.at:%m/%d/%Y}", "Action": WORDS["schwab"][x.side], "Symbol": x.symbol, "Description": "N", "Quantity": f"{x.qty:g}"}
        | {"Price": dollars(x.price), "Fees & Comm": "$0.03", "Amount": dollars(x.flow - 0.03)}
        for x in reversed(TRADES)
    ]
    rows.insert(0, {"Date": "07/12/2023 as of 07/11/2023", "Action": "Bank Interest", "Description": "BANK INT", "Amount": "$1.23"})
    option = {
        "Date": "07/11/2023",
        "Action": "Buy to Open",
        "Symbol": "AAPL 08/18/2023 190.00 C",
        "Description": "CALL APPLE",
        "Quantity": "2",
    }
    rows.insert(1, option | {"Price": "$3.00", "Fees & Comm": "$1.30", "Amount": "-$601.30"})
    for row in rows:
        for name in ("Symbol", "Quantity", "Price", "Fees & Comm"):
            row.setdefault(name, "")
    names = ["Date", "Action", "Symbol", "Description", "Quantity", "Price", "Fees & Comm", "Amount"]
    random.Random(seed).shuffle(names)
    rows = [{name: row[name] for name in names} for row in rows]
    return table(rows, seed, quote=True) + '"Transactions Total","","","","","","","",""\n'


def fidelity(seed: int = 0) -> str:
    words = {"B": "YOU BOUGHT {s} INC ({s}) (Margin)", "S": "YOU SOLD {s} INC ({s}) (Margin)"}
    words |= {"SS": "YOU SOLD SHORT SALE {s} INC ({s}) (Short)", "BC": "YOU BOUGHT SHORT COVER {s} INC ({s}) (Short)"}
    rows = [
        {
            "Run Date": f"{x.at:%m/%d/%Y}",
            "Action": words[x.side].format(s=x.symbol),
            "Symbol": x.symbol,
            "Description": "d",
            "Type": "Margin",
        }
        | {
            "Quantity": f"{x.qty * (1 if x.flow < 0 else -1):g}",
            "Price ($)": f"{x.price}",
            "Fees ($)": "0.04",
            "Amount ($)": f"{x.flow - 0.04:.2f}",
        }
        | {"Settlement Date": ""}
        for x in reversed(TRADES)
    ]
    rows.insert(
        2,
        {
            "Run Date": "07/11/2023",
            "Action": "DIVIDEND RECEIVED T INC (T)",
            "Symbol": "T",
            "Amount ($)": "8.00",
            "Type": "Cash",
            "Quantity": "0.000",
        },
    )
    return "\n\n\n" + table(rows, seed) + '\n"The data is provided ""as is"""\n"Date downloaded 07/13/2023 9:00 am"\n'


def etrade(seed: int = 0) -> str:
    rows = [
        {"TransactionDate": f"{x.at:%m/%d/%y}", "TransactionType": WORDS["etrade"][x.side], "SecurityType": "EQ", "Symbol": x.symbol}
        | {
            "Quantity": f"{x.qty * (1 if x.flow < 0 else -1):g}",
            "Amount": f"{x.flow - 0.02:.2f}",
            "Price": f"{x.price}",
            "Commission": "0.02",
        }
        for x in reversed(TRADES)
    ]
    return "For Account:,####1111\n\n" + table(rows, seed)


def robinhood(seed: int = 0) -> str:
    rows = [
        {
            "Activity Date": f"{x.at:%-m/%-d/%Y}",
            "Instrument": x.symbol,
            "Description": f"{x.symbol}\nCUSIP: 000000001",
            "Trans Code": "Buy" if x.flow < 0 else "Sell",
        }
        | {"Quantity": f"{x.qty:g}", "Price": dollars(x.price), "Amount": dollars(x.flow, brackets=True)}
        for x in reversed(TRADES)
        if x.symbol != "GME"
    ]
    rows.append({"Activity Date": "7/10/2023", "Description": "ACH Deposit", "Trans Code": "ACH", "Amount": "$100.00"})
    rows.append(
        {
            "Activity Date": "7/10/2023",
            "Instrument": "SPY",
            "Description": "SPY 7/21/2023 Put $440.00",
            "Trans Code": "STO",
            "Quantity": "1",
        }
        | {"Price": "$2.10", "Amount": "$209.95"}
    )
    return table(rows, seed, quote=True)


def tradier_history() -> str:
    rows = [
        {"amount": x.flow, "date": f"{x.at:%Y-%m-%d}T00:00:00Z", "type": "trade"}
        | {
            "trade": {
                "commission": 0,
                "price": x.price,
                "quantity": x.qty * (1 if x.flow < 0 else -1),
                "symbol": x.symbol,
                "trade_type": "Equity",
            }
        }
        for x in reversed(TRADES)
    ]
    rows.append({"amount": 42.0, "date": "2023-07-10T00:00:00Z", "type": "ach", "ach": {"description": "deposit", "quantity": 0}})
    return json.dumps({"history": {"event": rows}})


def tradier_orders() -> str:
    rows = [
        {
            "id": n,
            "type": "limit",
            "symbol": x.symbol,
            "side": WORDS["tradier"][x.side],
            "quantity": x.qty,
            "status": "filled",
            "duration": "day",
        }
        | {"price": x.price, "avg_fill_price": x.price, "exec_quantity": x.qty, "create_date": utc(x.at - timedelta(seconds=5))}
        | {"transaction_date": utc(x.at), "class": "equity"}
        for n, x in enumerate(TRADES)
    ]
    no = {"id": 77, "type": "market", "symbol": "MSFT", "side": "buy", "quantity": 9000.0, "status": "rejected", "duration": "day"}
    no |= {"avg_fill_price": 0.0, "exec_quantity": 0.0, "create_date": "2023-07-11T17:00:00Z", "transaction_date": "2023-07-11T17:00:00Z"}
    return json.dumps({"orders": {"order": [*rows, no | {"class": "equity", "reason_description": "buying power"}]}})


def schwab_api() -> str:
    rows = []
    for n, x in enumerate(TRADES):
        sign = 1 if x.flow < 0 else -1
        item = {"instrument": {"assetType": "EQUITY", "symbol": x.symbol}, "amount": sign * x.qty, "price": x.price}
        fee = {"instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}, "amount": 0.02, "cost": -0.02, "feeType": "SEC_FEE"}
        rows.append(
            {"activityId": n, "time": utc(x.at, "%Y-%m-%dT%H:%M:%S+0000"), "type": "TRADE", "status": "VALID", "orderId": n}
            | {
                "netAmount": x.flow - 0.02,
                "transferItems": [fee, item | {"positionEffect": "OPENING" if x.side in ("B", "SS") else "CLOSING"}],
            }
        )
    money = {
        "activityId": 99,
        "time": "2023-07-10T12:00:00+0000",
        "type": "ACH_RECEIPT",
        "status": "VALID",
        "netAmount": 75.0,
        "transferItems": [],
    }
    return json.dumps([*rows, money])


def tradestation() -> str:
    words = {"B": "Buy", "S": "Sell", "SS": "SellShort", "BC": "BuyToCover"}
    rows = [
        {
            "AccountID": "1",
            "OrderID": str(n),
            "Status": "FLL",
            "StatusDescription": "Filled",
            "OpenedDateTime": utc(x.at - timedelta(seconds=3)),
        }
        | {
            "ClosedDateTime": utc(x.at),
            "OrderType": "Limit",
            "LimitPrice": str(x.price),
            "Duration": "DAY",
            "CommissionFee": "0.5",
            "FilledPrice": str(x.price),
        }
        | {
            "Legs": [
                {"BuyOrSell": words[x.side], "Symbol": x.symbol, "QuantityOrdered": str(x.qty), "ExecQuantity": str(x.qty)}
                | {"ExecutionPrice": str(x.price), "AssetType": "STOCK", "OpenOrClose": "Open" if x.side in ("B", "SS") else "Close"}
            ]
        }
        for n, x in enumerate(TRADES)
    ]
    return json.dumps({"Orders": rows})
