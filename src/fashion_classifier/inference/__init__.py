"""A saved model to probabilities: one path for all who predict."""
