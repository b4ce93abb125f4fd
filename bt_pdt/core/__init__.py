"""The ground floor: the words of an order and an answer, money, the exchange's days, the journal. It knows no law."""
