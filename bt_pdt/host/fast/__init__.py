"""What makes backtrader quick: arrays for lines, one shared cursor, orders looked at only where a price can reach them. It knows no law."""
