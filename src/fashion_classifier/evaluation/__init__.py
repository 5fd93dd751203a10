"""Labels and probabilities to frozen results; NumPy and SciPy only."""
