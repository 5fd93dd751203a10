"""A recipe and a split to fitted weights and a history."""
