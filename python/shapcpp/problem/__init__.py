"""What was asked: the samples and conventions of a game, checked."""
