"""The dated numbers of the law, each with its source: FINRA, Regulation T, and what brokerages set themselves."""
