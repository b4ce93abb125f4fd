"""The account's arithmetic said again for a compiler: many variants of one recorded run. A closed list says what it knows."""
