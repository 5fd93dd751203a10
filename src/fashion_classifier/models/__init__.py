"""Networks: one family a file, one catalogue."""
