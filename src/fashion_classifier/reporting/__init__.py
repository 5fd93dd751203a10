"""Results to figures and one self-contained page."""
