"""Backtrader's side of bt_pdt: the only modules that import it. Import what you need from its module.

``broker.MarginBroker``, ``analyzer.ComplianceAnalyzer``, ``observers``, ``install.install``, ``plot.plot``; nothing is imported here, so a
feed does not load a broker and a broker does not load a plot.
"""
