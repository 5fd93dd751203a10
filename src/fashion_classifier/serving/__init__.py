"""A saved model -> answers over HTTP, and a page for people; an extra: ``fashion-images-classifier[serve]``."""
