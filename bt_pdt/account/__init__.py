"""One margin account: facts, what is required, what may be sent, what is owed, and how a session ends. Needs no backtrader and no pandas."""
