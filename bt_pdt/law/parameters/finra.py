"""FINRA Rule 4210 as dated parameters: pattern day traders, day trading, maintenance, intraday margin.

Two regimes follow each other. A parameter that only one of them has is ``None`` under the other. What the rule already
said on 2001-09-28 is entered on that day, the first one of the day-trading rules.
"""

from __future__ import annotations

from datetime import date
from math import inf

from ..bands import Band, ShortBand
from ..rulebook import INTRADAY, PDT, Parameter, Since
from ..sources import FIRST_DAY, always, cited, reading

DIRECTION_DAY = date(2021, 3, 24)
LEVERAGED_DAY = date(2009, 12, 1)
LEVERAGED_DT_DAY = date(2010, 4, 30)
NON_MARGINABLE_DAY = date(2011, 7, 1)
IMD_DAY = date(2026, 6, 4)

_RULE_4210 = "https://www.finra.org/rules-guidance/rulebooks/finra-rules/4210"
_FR_2001 = "https://www.govinfo.gov/content/pkg/FR-2001-03-06/html/01-5402.htm"


def _notice(number: str) -> str:
    """The address of a notice to members, by its number."""
    return f"https://www.finra.org/rules-guidance/notices/{number}"


NTM_01_26 = cited("NASD Notice to Members 01-26, day-trading margin requirements", _notice("01-26"), "copy")
NASD_2520 = cited(
    "NASD Rule 2520(f)(8)(B) / NYSE Rule 431(f)(8)(B), later FINRA Rule 4210(f)(8)(B), approved in 66 FR 13608 (2001-03-06)",
    _FR_2001,
    "copy",
)
NYSE_MEMO_1 = cited("66 FR 13608 (2001-03-06) and NYSE's information memo on day trading, part 1", _FR_2001, "copy")
NYSE_MEMO_2 = cited("66 FR 13608 (2001-03-06) and NYSE's information memo on day trading, part 2", _FR_2001, "copy")
RN_21_13 = cited("FINRA Regulatory Notice 21-13, day-trading interpretations /02 and /03", _notice("21-13"), "copy")
RULE_F8B_F = cited("FINRA Rule 4210(f)(8)(B)(iv)f, deposits stay two business days, approved in 66 FR 13608 (2001-03-06)", _FR_2001, "copy")
RN_09_53 = cited("FINRA Regulatory Notice 09-53, margin on leveraged funds", _notice("09-53"))
RN_09_65 = cited("FINRA Regulatory Notice 09-65, day-trading margin on leveraged funds", _notice("09-65"))
RN_11_15 = cited("FINRA Regulatory Notice 11-15", _notice("11-15"), "copy")
RN_11_16 = cited("FINRA Regulatory Notice 11-16", _notice("11-16"), "copy")
SHORT_RATES = cited("FINRA Rule 4210(c), formerly NYSE Rule 431(c): short maintenance", _RULE_4210, "copy")
MIN_EQUITY = cited("FINRA Rule 4210(b), formerly NYSE Rule 431(b)", _RULE_4210, "copy")
RULE_F6 = cited("FINRA Rule 4210(f)(6), time to meet a call", _RULE_4210, "copy")
FR_2026 = cited(
    "SEC Release 34-105226, 91 FR 20731: order approving SR-FINRA-2025-017 (FINRA Regulatory Notice 26-10)",
    "https://www.govinfo.gov/content/pkg/FR-2026-04-17/html/2026-07485.htm",
    "quotation",
)


def _rule_d2(paragraph: str) -> tuple[str, str, str]:
    return f"FINRA Rule 4210{paragraph}, SR-FINRA-2025-017 Exhibit 5", _RULE_4210, "quotation"


RULE_PROMPT = cited(*_rule_d2("(d)(2)(D), 5th business day"))
RULE_EXPIRY = cited(*_rule_d2("(d)(2)(C), 15th business day"))
RULE_FREEZE = cited(*_rule_d2("(d)(2)(D), 90-day freeze"))
RULE_MINOR = cited(*_rule_d2("(d)(2)(D), lesser of 5 % of equity and $1,000"))
RULE_PM = cited(*_rule_d2("(g)(1)(K), portfolio margin under $5 million"))

_DESIGNATION: tuple[Parameter, ...] = (
    Parameter(
        "regime",
        "name",
        "Which set of day-trading rules binds: counting day trades, or the intraday margin level.",
        always(PDT, NTM_01_26),
    ),
    Parameter(
        "switch_day",
        "date",
        "First day on which the brokerage applies the intraday margin rules instead of the pattern day trader rules.",
        (Since(IMD_DAY, IMD_DAY, FR_2026),),
        date,
        house=True,
    ),
    Parameter(
        "imd_effective",
        "date",
        "First day on which a brokerage may apply the intraday margin rules.",
        (Since(IMD_DAY, IMD_DAY, FR_2026),),
        regime=INTRADAY,
    ),
    Parameter(
        "imd_phase_in_end",
        "date",
        "Day by which every brokerage has left the pattern day trader rules.",
        (Since(IMD_DAY, date(2027, 10, 20), FR_2026),),
        regime=INTRADAY,
    ),
    Parameter(
        "pdt_day_trades_threshold",
        "day trades",
        "Day trades in the window that make a pattern day trader.",
        always(4, NASD_2520),
        int,
        regime=PDT,
    ),
    Parameter(
        "pdt_window_business_days",
        "business days",
        "Business days, today included, in which day trades add up.",
        always(5, NASD_2520),
        int,
        regime=PDT,
    ),
    Parameter(
        "pdt_exempt_ratio",
        "ratio",
        "Day trades at or under this share of all trades in the window make no pattern day trader.",
        always(0.06, NASD_2520),
        float,
        regime=PDT,
    ),
    Parameter(
        "six_percent_clause",
        "yes/no",
        "Whether the share of day trades in all trades can spare an account the designation.",
        always(True, NASD_2520),
        bool,
        regime=PDT,
    ),
    Parameter(
        "pdt_min_equity",
        "dollars",
        "Equity under which a pattern day trader may not day trade.",
        always(25_000.0, NASD_2520),
        float,
        regime=PDT,
    ),
    Parameter(
        "counting_method",
        "method",
        "How day trades are counted: by changes of direction, or by opening transactions matched first-in or last-in.",
        (
            Since(FIRST_DAY, "opening_fifo", reading("opening transactions (interpretation /01) are matched first in, first out")),
            Since(DIRECTION_DAY, "direction", RN_21_13),
        ),
        str,
        ("direction", "opening_fifo", "opening_lifo"),
        PDT,
    ),
    Parameter(
        "pdt_flag_removals",
        "times",
        "How often the brokerage may take the pattern day trader designation off an account.",
        (
            Since(FIRST_DAY, 0, reading("before interpretation /03 no text lets a brokerage lift the designation")),
            Since(DIRECTION_DAY, 1, RN_21_13),
        ),
        int,
        regime=PDT,
        inert="how often the designation was lifted is the customer's story; lift it with a flag event or Account.set_flag(False).",
    ),
)

_DAY_TRADING: tuple[Parameter, ...] = (
    Parameter(
        "dt_buying_power_multiple",
        "times",
        "Day-trading buying power is this many times the previous close's maintenance excess.",
        always(4.0, NYSE_MEMO_2),
        float,
        regime=PDT,
    ),
    Parameter(
        "dt_special_maintenance",
        "ratio",
        "Margin required on the cost of a day's day trades.",
        always(0.25, NYSE_MEMO_2),
        float,
        regime=PDT,
        inert="it is the call that follows from it; set dt_call_ratio or dt_buying_power_multiple.",
    ),
    Parameter(
        "dt_call_ratio",
        "ratio",
        "Share of the day-traded amount above day-trading buying power that the day-trade call asks for.",
        always(0.25, NYSE_MEMO_2),
        float,
        regime=PDT,
    ),
    Parameter(
        "dt_call_days",
        "business days",
        "Business days to meet a day-trade call.",
        always(5, NTM_01_26),
        int,
        regime=PDT,
    ),
    Parameter(
        "initial_covers_short_maintenance",
        "yes/no",
        "Whether a short sale needs at least its maintenance margin, per-share floors included, as initial margin.",
        (Since(FIRST_DAY, True, MIN_EQUITY),),
        bool,
    ),
    Parameter(
        "dt_unflagged_call",
        "yes/no",
        "Whether an account that is no pattern day trader gets a day-trade call for day trades above the multiple too.",
        always(True, NASD_2520),
        bool,
        regime=PDT,
    ),
    Parameter(
        "dt_multiple_under_call",
        "times",
        "The day-trading multiple while a day-trade call is open.",
        always(2.0, NYSE_MEMO_2),
        float,
        regime=PDT,
    ),
    Parameter(
        "dt_aggregate_under_call",
        "yes/no",
        "Whether the sum of the day's day trades counts while a call is open, instead of the highest open amount.",
        always(True, NYSE_MEMO_2),
        bool,
        regime=PDT,
    ),
    Parameter(
        "dt_cash_basis_days",
        "calendar days",
        "How long an account with an unmet day-trade call trades with cash available only.",
        always(90, NASD_2520),
        int,
        regime=PDT,
    ),
    Parameter(
        "dt_deposit_hold_days",
        "business days",
        "Full business days after its day that a deposit for day trading must stay.",
        always(2, RULE_F8B_F),
        int,
        regime=PDT,
    ),
    Parameter(
        "dt_cross_guarantee",
        "yes/no",
        "Whether another account's guarantee counts for the day-trading requirements.",
        always(False, NYSE_MEMO_1),
        bool,
        regime=PDT,
        inert="an account stands alone here; give it the other account's money as cash or as a deposit.",
    ),
    Parameter(
        "dt_leveraged_etf_scaling",
        "yes/no",
        "Whether a leveraged fund uses day-trading and intraday buying power times its leverage, long and short.",
        (Since(FIRST_DAY, False, RN_09_65), Since(LEVERAGED_DT_DAY, True, RN_09_65)),
        bool,
    ),
)

_BEFORE_LEVERAGED = reading("without effect before 2009-12-01, when the rule began to multiply by a fund's leverage")

_MAINTENANCE: tuple[Parameter, ...] = (
    Parameter(
        "margin_min_equity",
        "dollars",
        "Equity under which there is no borrowing and no short selling.",
        always(2_000.0, MIN_EQUITY),
        float,
    ),
    Parameter(
        "maintenance_long_bands",
        "bands by price",
        "Maintenance requirement of long stock by price.",
        always((Band(inf, False, 0.25),), RN_11_15),
    ),
    Parameter(
        "maintenance_law_rate",
        "ratio",
        "The rule's own maintenance rate of long stock, which a fund's leverage multiplies whatever the brokerage's bands.",
        always(0.25, RN_11_15),
        float,
    ),
    Parameter(
        "maintenance_short_bands",
        "bands by price",
        "Maintenance requirement of short stock by price: the larger of dollars a share and share of market value.",
        always((ShortBand(5.0, 2.50, 1.00), ShortBand(inf, 5.0, 0.30)), SHORT_RATES),
    ),
    Parameter(
        "maintenance_leveraged_scaling",
        "yes/no",
        "Whether a leveraged fund's maintenance requirement is multiplied by its leverage.",
        (Since(FIRST_DAY, False, RN_09_53), Since(LEVERAGED_DAY, True, RN_09_53)),
        bool,
    ),
    Parameter(
        "maintenance_leveraged_long",
        "rates by leverage",
        "A brokerage's own requirements of long leveraged funds by leverage; none: the ordinary rate times the leverage.",
        always(None, reading("the rule multiplies; a list of rates by leverage is a brokerage's own")),
        house=True,
    ),
    Parameter(
        "maintenance_leveraged_cap",
        "ratio",
        "The most that a long leveraged fund can require.",
        (Since(FIRST_DAY, 1.00, _BEFORE_LEVERAGED), Since(LEVERAGED_DAY, 1.00, RN_09_53)),
        float,
    ),
    Parameter(
        "maintenance_leveraged_short_rate",
        "ratio",
        "Requirement of a short leveraged fund for each unit of leverage, without a cap.",
        (Since(FIRST_DAY, 0.30, _BEFORE_LEVERAGED), Since(LEVERAGED_DAY, 0.30, RN_09_53)),
        float,
    ),
    Parameter(
        "maintenance_non_marginable",
        "ratio",
        "Maintenance requirement of a non-marginable security held long.",
        (
            Since(
                FIRST_DAY,
                1.00,
                reading("non-marginable stock lends nothing before the notice of 2011 either, since Reg T has it paid in full"),
            ),
            Since(NON_MARGINABLE_DAY, 1.00, RN_11_16),
        ),
        float,
    ),
    Parameter(
        "maintenance_call_outer_days",
        "business days",
        "The most that the rule lets a maintenance call stand open without an extension.",
        always(15, RULE_F6),
        int,
    ),
)

_INTRADAY: tuple[Parameter, ...] = (
    Parameter(
        "intraday_multiple",
        "times",
        "Dollars of ordinary stock that one dollar of the intraday margin level buys.",
        (Since(IMD_DAY, 4.0, reading("a maintenance requirement of 25 % carries four dollars of stock for each dollar of excess")),),
        float,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_call_days",
        "business days",
        "Business days in which the brokerage asks for an intraday margin deficit to be met.",
        (Since(IMD_DAY, 5, RULE_PROMPT),),
        int,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_prompt_days",
        "business days",
        "Business days after which an unmet deficit counts as a failure and can freeze the account.",
        (Since(IMD_DAY, 5, RULE_PROMPT),),
        int,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_expiry_days",
        "business days",
        "Business days after which an unmet deficit is no longer outstanding.",
        (Since(IMD_DAY, 15, RULE_EXPIRY),),
        int,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_freeze_days",
        "calendar days",
        "How long a frozen account may neither create nor increase a debit or a short position.",
        (Since(IMD_DAY, 90, RULE_FREEZE),),
        int,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_minor_ratio",
        "ratio",
        "A deficit is minor up to this share of equity, if also within imd_minor_limit.",
        (Since(IMD_DAY, 0.05, RULE_MINOR),),
        float,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_minor_limit",
        "dollars",
        "A deficit is minor up to this amount, if also within imd_minor_ratio of equity.",
        (Since(IMD_DAY, 1_000.0, RULE_MINOR),),
        float,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_call_minor",
        "yes/no",
        "Whether a minor deficit is called too.",
        (Since(IMD_DAY, True, reading("the rule shields a minor deficit from counting as a failure, not from being met")),),
        bool,
        regime=INTRADAY,
    ),
    Parameter(
        "imd_pm_threshold",
        "dollars",
        "Equity under which a portfolio margin account needs intraday margin too.",
        (Since(IMD_DAY, 5_000_000.0, RULE_PM),),
        float,
        regime=INTRADAY,
        inert="there is no portfolio margin account here; imd_call_minor and imd_minor_limit say which deficits are called.",
    ),
)

PARAMETERS: tuple[Parameter, ...] = _DESIGNATION + _DAY_TRADING + _MAINTENANCE + _INTRADAY
