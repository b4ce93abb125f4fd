"""What the compiled replay does not know goes to full runs with a sentence, and every name of an account is in one of the lists that say so."""

import enum
import inspect
from dataclasses import make_dataclass
from pathlib import Path

import backtrader as bt
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

import wild
from binding import outcome, story
from wide import Wide

import bt_pdt
from bt_pdt.account import call_book, calls, terms
from bt_pdt.account.account import Account
from bt_pdt.core import decisions, orders
from bt_pdt.host import broker, sizers
from bt_pdt.law import Parameter, Rulebook, Since, Source, law
from bt_pdt.law.brokerages import NAMES, rulebook_for
from bt_pdt.law.parameters.finra import IMD_DAY
from bt_pdt.law.rulebook import INTRADAY, PDT, RULEBOOK_BEGINS
from bt_pdt.runs import study
from bt_pdt.whatif import recording
from bt_pdt.whatif.kernel import scope, twins

LISTS = [
    *((scope.PARAMETERS, list(rulebook_for(name).parameters)) for name in NAMES),
    *scope.there_are(study.run),
]


def test_every_name_is_in_one_list_and_exists():
    """A new rule fails here: put its name into scope.py, as known with the compiled code behind it, as irrelevant, or as left."""
    for names, present in LISTS:
        assert not names.strangers(present), names.what
        listed = [*names.known, *names.irrelevant, *names.left]
        assert not set(listed) - set(present), f"{names.what}: no longer there"
        assert len(listed) == len(set(listed)), f"{names.what}: in two lists"
        assert all(names.irrelevant.values()) and all(names.left.values()), f"{names.what}: without a reason"


def test_every_value_of_a_choice_is_one():
    """And those that the compiled code does not know are these; another is one that somebody has to look at."""
    unknown = {}
    for name, allowed in scope.PARAMETERS.known.items():
        parameter = law().parameters[name]
        if parameter.choices:
            assert set(allowed) <= set(parameter.choices), name
            unknown[name] = set(parameter.choices) - set(allowed)
    assert {name: values for name, values in unknown.items() if values} == {
        "imd_valuation": {"cost"},
        "imd_order": {"worst"},
        "pdt_under_25k": {"cash_available"},
    }


def test_kinds_of_values_are_those_of_the_rulebook():
    of = {float: (scope.NUMBER, scope.PERHAPS), int: (scope.WHOLE,), bool: (scope.YES_NO,)}
    for name, allowed in scope.LAW.items():
        kind = law().parameters[name].kind
        assert isinstance(allowed, scope.Choice) if kind is str else allowed in of[kind], name


def test_the_compiled_code_reads_every_parameter_that_it_is_said_to_know():
    files = [file for file in Path(scope.__file__).parent.glob("*.py") if file.name not in ("scope.py", "twins.py")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [name for name in scope.LAW if f"law.{name}" not in code and f"]].{name}" not in code] == []


def test_codes_are_made_from_names():
    for names, first in ((scope.REASONS, 1), (scope.RESTRICTIONS, 0), (scope.CALLS, 0), (scope.STATUSES, 0)):
        assert sorted(names.known.values()) == list(range(first, first + len(names.known)))
    assert scope.LAW["pdt_check"]["entry"] == scope.LAW["dtbp_check"]["entry"]
    assert scope.LAW["pdt_check"]["exit"] == scope.LAW["dtbp_check"]["exit"]


def test_sizers_have_the_parameters_that_are_known_of_them():
    for name, known in scope.SIZERS.items():
        kind = getattr(sizers, name, None) or getattr(bt.sizers, name)
        assert set(known) <= set(kind.params._getkeys())
    assert set(scope.POWERS) < set(sizers.POWERS)


def test_every_argument_of_an_order_is_recorded_or_left():
    assert list(recording._ARGUMENTS) == [name for name in inspect.signature(bt.Strategy.buy).parameters if name not in ("self", "kwargs")]


# -- something new


class Asks(bt.Strategy):
    def next(self):
        if len(self) % 3 == 1:
            self.buy()
        elif len(self) % 3 == 0:
            self.close()


MADE, _ = story(1, "2026-06-02", days=3, symbols=1)
SPACE = {"cash": [24_000.0, 26_000.0], "sizer.percent": [20, 180]}


def searched(**more):
    found = bt_pdt.tune(Asks, MADE, SPACE, sizer="PercentOfEquity()", method="grid", jobs=1, objective="total_return", replay=True, **more)
    return found, " ".join(found.conclusions)


def test_without_anything_new_it_is_a_search_by_replay():
    found, _ = searched(verify=1)
    assert found.trials.replayed.any()


def parameter(name="moon_phase", kind=None, regime=None, value=0.5):
    return Parameter(
        name,
        "ratio",
        "What nobody has thought of yet.",
        (Since(RULEBOOK_BEGINS, value, Source("", "", RULEBOOK_BEGINS)),),
        kind,
        (),
        regime,
    )


def with_parameter(patch, new):
    def rulebook(name):
        known = rulebook_for(name).parameters
        return Rulebook((known | {new.name: new}).values())

    patch.setattr(terms, "rulebook_for", rulebook)


def with_argument(patch, function):
    known = inspect.signature(function)
    new = inspect.Parameter("moon_phase", inspect.Parameter.KEYWORD_ONLY, default=None)
    rest = [each for each in known.parameters.values() if each.kind != inspect.Parameter.VAR_KEYWORD]
    patch.setattr(function, "__signature__", known.replace(parameters=[*rest, new]), raising=False)


def new_reason(patch):
    names = {reason.name: reason.value for reason in decisions.Reason}
    patch.setattr(decisions, "Reason", enum.StrEnum("Reason", names | {"MOON_PHASE": "MOON_PHASE"}))


def new_argument_of_the_broker(patch):
    patch.setattr(broker, "MarginBroker", type("MarginBroker", (broker.MarginBroker,), {"params": (("moon_phase", None),)}))


def new_field(patch, name):
    patch.setattr(orders, name, make_dataclass(name, [("moon_phase", float, 0.0)], bases=(getattr(orders, name),), frozen=True))


NEW = {
    "the parameter moon_phase, which a replay does not know": lambda patch: with_parameter(patch, parameter()),
    "the refusal MOON_PHASE, which a replay does not know": new_reason,
    "the restriction moon_phase, which a replay does not know": lambda patch: patch.setattr(
        call_book, "RESTRICTION_KINDS", (*call_book.RESTRICTION_KINDS, "moon_phase")
    ),
    "the margin call moon_phase, which a replay does not know": lambda patch: patch.setattr(calls, "KINDS", (*calls.KINDS, "moon_phase")),
    "the state of a call moon_phase, which a replay does not know": lambda patch: patch.setattr(
        calls, "MOVES", calls.MOVES | {("open", "moon"): "moon_phase"}
    ),
    "an account with moon_phase, which a replay does not know": lambda patch: with_argument(patch, Account.__init__),
    "the argument of MarginBroker moon_phase, which a replay does not know": new_argument_of_the_broker,
    "the argument moon_phase, which a replay does not know": lambda patch: with_argument(patch, study.run),
    "the field of an order moon_phase, which a replay does not know": lambda patch: new_field(patch, "OrderRequest"),
    "the fact about a security moon_phase, which a replay does not know": lambda patch: new_field(patch, "Asset"),
    "the order type moon_phase, which a replay does not know": lambda patch: patch.setattr(orders, "TYPES", (*orders.TYPES, "moon_phase")),
    "the order class moon_phase, which a replay does not know": lambda patch: patch.setattr(
        orders, "CLASSES", (*orders.CLASSES, "moon_phase")
    ),
    "the time in force moon_phase, which a replay does not know": lambda patch: patch.setattr(
        orders, "TIMES_IN_FORCE", (*orders.TIMES_IN_FORCE, "moon_phase")
    ),
    "an account of which calls has changed since a replay was last held against it": lambda patch: patch.setitem(
        twins.TWINS, "calls", "of another day"
    ),
}


@pytest.mark.parametrize("sentence", NEW)
def test_what_is_new_goes_to_full_runs_with_a_sentence(sentence, monkeypatch):
    NEW[sentence](monkeypatch)
    found, told = searched()
    assert not found.trials.replayed.any()
    assert f"Left to full runs: {sentence} (4)." in told


def test_a_new_parameter_of_a_regime_that_is_not_there_leaves_nothing(monkeypatch):
    days = [IMD_DAY]
    for regime, why in ((PDT, ""), (INTRADAY, "the parameter moon_phase, which a replay does not know")):
        book = Rulebook((law().parameters | {"moon_phase": parameter(regime=regime)}).values())
        assert scope.beyond(book, days) == why


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("counting_method", "opening_average"),
        ("pdt_check", "both sides"),
        ("regt_initial_long", None),
        ("settlement_days", 1.5),
        ("wash_check", 1),
        ("maintenance_long_bands", (("below", 0.3),)),
        ("imd_basis", "the customer's"),
        ("imd_order", "worst"),
    ],
)
def test_another_value_goes_to_full_runs_with_a_sentence(name, value):
    known = law().parameters[name]
    changed = Parameter(
        **{field: getattr(known, field) for field in known.__dataclass_fields__} | {"history": (known.history[0]._replace(value=value),)}
    )
    book = Rulebook((law().parameters | {name: changed}).values())
    assert (
        scope.beyond(book, [IMD_DAY, IMD_DAY.replace(day=8)] if changed.regime == INTRADAY else [RULEBOOK_BEGINS])
        == f"the parameter {name} at {value}"
    )


# -- the account as it was


@pytest.mark.parametrize("module", twins.TWINS)
def test_the_account_computes_what_the_replay_was_held_against(module):
    """It fails when a formula of the account changes, and searches are full runs until this is answered.

    Bring the compiled code up to it where a replay's answers depend on it, run tests/replay with -m "long or not long", and write the
    new digest into twins.py.
    """
    assert twins.digest_of(module) == twins.TWINS[module]


def test_words_do_not_count_and_formulas_do():
    one = 'def f(a):\n    """One."""\n    return a * 2, f"{a} is a"\n'
    assert twins.digest(one) == twins.digest('import math\n\n\ndef f(a: float) -> Any:  # two\n    "Two."\n    return a * 2, f"a: {a}"\n')
    assert twins.digest(one) != twins.digest(one.replace("* 2", "* 3"))
    assert twins.digest(one) != twins.digest(one.replace("a * 2", "2 * a"))


# -- what is said to be irrelevant

#: Another value of each parameter. No other can be set of a day of the law.
OTHERS = {
    "regt_cash_freeze_days": 1,
    "freeride_strikes": 2,
    "gfv_strikes": 1,
    "gfv_same_day_strikes": 1,
    "gfv_settled_strikes": 1,
    "gfv_closing_strikes": 1,
    "freeride_cured_is_gfv": True,
    "cash_liquidation_strikes": 1,
    "gfv_window_months": 1,
    "cash_restriction_days": 1,
    "cash_restriction_from": "due_day",
    "cash_unsettled_usable": False,
    "regt_initial_non_marginable": 0.1,
    "maintenance_non_marginable": 0.1,
    "dt_deposit_hold_days": 9,
    "count_unfillable_pending": False,
    "liquidation_order": "losers",
    "near_maintenance_move": 0.9,
}
#: Accounts that a replay answers and that trade, are refused, called and restricted: before and after the intraday margin rules.
BUSY = {
    "day trades": (
        {"seed": 68, "start": "2019-02-04", "days": 8, "prices": (4, 2), "rest": 0.1},
        {"brokerage": "tastytrade", "cash": 60_000.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=150)"},
    ),
    "intraday margin": (
        {"seed": 5, "start": "2026-06-08", "days": 8, "flat": True, "scale": 10, "rest": 0.1, "move": 0.004},
        {"brokerage": "firstrade", "cash": 24_000.0, "account": {}, "sizer": "PercentOfEquity(percent=390)"},
    ),
}


@pytest.fixture(scope="module", params=BUSY)
def busy(request):
    told, arguments = BUSY[request.param]
    made, common = story(**told)
    found = study.run(Wide, made, **common, **arguments)
    assert found.summary["refused"] and found.summary["calls"] and found.summary["restrictions"]
    (one,) = wild.recording(Wide, made, **common).run([common | arguments])
    assert not one.left
    return made, common | arguments, outcome(found)


def test_every_irrelevant_parameter_is_tried_or_cannot_be_set():
    cannot = [name for name in scope.PARAMETERS.irrelevant if law().parameters[name].kind is None]
    assert cannot == ["imd_effective", "imd_phase_in_end"]  # the days between which switch_day lies: not a day's law
    unread = [name for name in scope.PARAMETERS.irrelevant if law().parameters[name].inert]  # an account refuses to have them set
    assert unread == [name for name, why in scope.PARAMETERS.irrelevant.items() if why.startswith("said for the reader")]
    assert set(OTHERS) == set(scope.PARAMETERS.irrelevant) - {*cannot, *unread}


@pytest.mark.parametrize("name", OTHERS)
def test_an_irrelevant_parameter_changes_nothing(name, busy):
    made, arguments, found = busy
    assert any(since.value != OTHERS[name] for since in rulebook_for("alpaca").parameters[name].history)
    assert outcome(study.run(Wide, made, **arguments, set={name: OTHERS[name]})) == found


def test_an_irrelevant_argument_changes_nothing(busy):
    made, arguments, found = busy
    told = arguments | {"account": arguments["account"] | {"one_time_removal_used": True}}
    assert outcome(study.run(Wide, made, **told)) == found
    assert outcome(study.run(Wide, made, **arguments, progress=lambda *_: None)) == found


def test_a_replay_gives_no_irrelevant_refusal():
    """They are the account's, and no compiled check gives one."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in Path(scope.__file__).parent.glob("*.py") if file.name != "scope.py")
    assert not [name for name in scope.REASONS.irrelevant if f'"{name}"' in code]
