"""The version, in its one place: the package, the build and the manifest of a run read it here."""

__version__ = "0.1.0"
