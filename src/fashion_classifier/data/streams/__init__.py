"""Files of pixels read a few thousand rows at a time, with or without labels: what is wrong is a row with its reason."""
