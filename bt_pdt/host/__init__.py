"""Backtrader's side of bt_pdt: the only modules that import it. Import what you need from its module.

``broker.MarginBroker``, ``analyzer.ComplianceAnalyzer``, ``observers``, ``install.install``, ``plot.plot``; nothing of them is imported here,
so a feed does not load a broker and a broker does not load a plot. A backtrader that they cannot stand on is refused first.
"""

from .hosts import require_host

require_host()
