"""A real account's history and the account as it stands today, put before the rules."""
