"""Figures of a run: the data of each, and the drawing."""
