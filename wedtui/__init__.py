"""wedtui: the operations console for wedding days."""
