"""What brokerages hand out: rows of their files read by content, told apart by kind of security, and turned into one history."""
