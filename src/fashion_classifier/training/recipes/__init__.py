"""The recipes that we know: a model's config and how it is trained, one file each, with its source and what it gave."""
