"""wedtui: the operations console for wedding days."""

__version__ = "0.1.0"
