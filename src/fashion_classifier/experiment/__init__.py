"""The whole life: the stages in order, and the run folder that keeps them."""
