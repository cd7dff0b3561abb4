"""The question: the samples and conventions of a game, checked."""
