"""A split and a budget to the best recipe found, and the study behind it."""
