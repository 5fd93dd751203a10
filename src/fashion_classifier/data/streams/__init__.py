"""Files of pixels, with labels or without, read some thousand rows at a time; a wrong row is told, and stops none."""
