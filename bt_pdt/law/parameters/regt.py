"""Regulation T (12 CFR 220), the settlement cycle and the cash account, as dated parameters."""

from __future__ import annotations

from datetime import date

from ..rulebook import Parameter, Since
from ..sources import always, cited, reading

_PART_220 = "https://www.ecfr.gov/current/title-12/chapter-II/subchapter-A/part-220"
CFR_220_12 = cited("12 CFR 220.12, Supplement: margin requirements", f"{_PART_220}/section-220.12", "copy")
CFR_220_12_E = cited("12 CFR 220.12(e), non-margin equity securities", f"{_PART_220}/section-220.12", "copy")
NTM_95_26 = cited(
    "NASD Notice to Members 95-26, Regulation T payment period under T+3", "https://www.finra.org/rules-guidance/notices/95-26"
)
REGT_FILINGS = cited("FINRA, Regulation T Filings (T+2 era)", "https://www.finra.org/filing-reporting/regulation-t-filings")
RN_23_15 = cited(
    "FINRA Regulatory Notice 23-15, T+1 from 2024-05-28 (SEC Rule 15c6-1 as amended)",
    "https://www.finra.org/rules-guidance/notices/23-15",
    "quotation",
)
FR_94_26357 = cited(
    "59 FR, 1994-10-25, Doc 94-26357: Regulation T de minimis of $1,000",
    "https://www.govinfo.gov/content/pkg/FR-1994-10-25/html/94-26357.htm",
)
FR_94_28266 = cited(
    "59 FR, 1994-11-16, Doc 94-28266: SEC Rule 15c6-1, T+3", "https://www.govinfo.gov/content/pkg/FR-1994-11-16/html/94-28266.htm", "copy"
)
FR_2017_06037 = cited(
    "82 FR, Doc 2017-06037: SEC Rule 15c6-1 amended, T+2", "https://www.govinfo.gov/content/pkg/FR-2017-03-29/html/2017-06037.htm", "copy"
)
TWICE_THE_EXCESS = reading("an initial requirement of 50 % carries two dollars of stock for each dollar of excess")
STAFF_1997 = cited(
    "Federal Reserve staff letter of 1997-08-29 on the 90-day freeze, 12 CFR 220.8(c)",
    "https://www.federalreserve.gov/boarddocs/legalint/MarginRequirements/1997/19970829/",
)
FIDELITY_PRACTICE = reading("strikes in a cash account are counted as Fidelity counts them; only the freeze of 220.8(c) is regulation")
_NO_LADDER = reading("one number of strikes, one restriction; further steps are a brokerage's")

T2_DAY, T1_DAY, T3_DAY = date(2017, 9, 5), date(2024, 5, 28), date(1995, 6, 7)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "regt_initial_long",
        "ratio",
        "Share of a marginable purchase that must be paid with the account's own money.",
        always(0.50, CFR_220_12),
        float,
    ),
    Parameter(
        "regt_initial_short",
        "ratio",
        "Share of a short sale that must be put up on top of the sale's proceeds (the 150 % of the regulation).",
        always(0.50, CFR_220_12),
        float,
    ),
    Parameter(
        "regt_initial_non_marginable",
        "ratio",
        "Share of a purchase of a non-marginable security that must be paid with the account's own money.",
        always(1.00, CFR_220_12_E),
        float,
    ),
    Parameter(
        "regt_buying_power_multiple",
        "times",
        "Dollars of fully marginable stock that one dollar of Reg T excess buys and holds overnight.",
        always(2.0, TWICE_THE_EXCESS),
        float,
    ),
    Parameter(
        "regt_payment_days",
        "business days",
        "Business days after the trade date on which a Fed call is due: the settlement cycle and two more.",
        (Since(T3_DAY, 5, NTM_95_26), Since(T2_DAY, 4, REGT_FILINGS), Since(T1_DAY, 3, RN_23_15)),
        int,
    ),
    Parameter(
        "regt_de_minimis",
        "dollars",
        "A Fed call at or under this amount asks for no action.",
        (Since(date(1994, 11, 25), 1_000.0, FR_94_26357),),
        float,
    ),
    Parameter(
        "regt_cash_freeze_days",
        "calendar days",
        "How long a cash account that sold a security before paying for it must buy with funds on hand, counted from the sale.",
        always(90, STAFF_1997),
        int,
    ),
    Parameter(
        "settlement_days",
        "settlement days",
        "Days from trade to settlement on the settlement calendar.",
        (Since(T3_DAY, 3, FR_94_28266), Since(T2_DAY, 2, FR_2017_06037), Since(T1_DAY, 1, RN_23_15)),
        int,
    ),
    Parameter(
        "freeride_strikes",
        "violations",
        "Purchases paid by their own sale after which a cash account is frozen.",
        always(1, STAFF_1997),
        int,
    ),
    Parameter(
        "gfv_strikes",
        "violations",
        "Good faith violations after which a cash account may buy with settled cash only, for cash_restriction_days.",
        always(3, FIDELITY_PRACTICE),
        int,
        house=True,
    ),
    Parameter(
        "gfv_same_day_strikes",
        "violations",
        "The same for those whose purchase was of the day of its sale; none: they count as all others do.",
        always(None, _NO_LADDER),
        int,
        house=True,
    ),
    Parameter(
        "gfv_settled_strikes",
        "violations",
        "Good faith violations after which a cash account may buy with settled cash only, until so many no longer add up; none: there is no such step.",
        always(None, _NO_LADDER),
        int,
        house=True,
    ),
    Parameter(
        "gfv_closing_strikes",
        "violations",
        "Good faith violations after which a cash account may only close positions, for good; none: there is no such step.",
        always(None, _NO_LADDER),
        int,
        house=True,
    ),
    Parameter(
        "freeride_cured_is_gfv",
        "yes/no",
        "Whether a purchase sold before it was paid for, and paid in full within the payment period, is a good faith violation.",
        always(False, reading("payment in time undoes free riding, and nothing remains")),
        bool,
        house=True,
    ),
    Parameter(
        "cash_liquidation_strikes",
        "violations",
        "Cash liquidation violations after which a cash account may buy with settled cash only.",
        always(3, FIDELITY_PRACTICE),
        int,
        house=True,
    ),
    Parameter(
        "gfv_window_months",
        "months",
        "Rolling months in which good faith violations add up.",
        always(12, FIDELITY_PRACTICE),
        int,
        house=True,
    ),
    Parameter(
        "cash_restriction_days",
        "calendar days",
        "How long a cash account with too many good faith violations is held to settled cash.",
        always(90, FIDELITY_PRACTICE),
        int,
        house=True,
    ),
    Parameter(
        "cash_restriction_from",
        "day",
        "The day from which a cash account's restriction counts: of the violation (of free riding: of the sale), or on which the purchase was due.",
        always("violation", reading("the days count from the violation; of free riding, as the regulation says, from the sale")),
        str,
        ("violation", "due_day"),
        house=True,
    ),
)
