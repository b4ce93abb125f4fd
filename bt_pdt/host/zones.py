"""Which zone the feeds of a run keep: New York time as it is, or UTC that backtrader shows in a zone (``tz``)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from ..core.errors import BadInput


def zoned(cerebro: Any) -> bool:
    """True if the bars are stamped in UTC: backtrader takes them so where a feed has ``tz`` or the run is given one.

    Raises :class:`BadInput` for a zone by name that backtrader could not look up.
    """
    zones = {data._name or type(data).__name__: data.p.tz for data in cerebro.datas}
    whole = cerebro.p.tz
    if isinstance(whole, int):
        whole = cerebro.datas[whole].p.tz
    for name in [zone for zone in (*zones.values(), whole) if isinstance(zone, str)]:
        if find_spec("pytz") is None:
            raise BadInput(
                f"tz={name!r} by its name needs pytz, which backtrader looks zones up in: pip install pytz, "
                f"or give the zone itself, tz=dateutil.tz.gettz({name!r})."
            )
    return whole is not None or any(zone is not None for zone in zones.values())
