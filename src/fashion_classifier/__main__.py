"""``python -m fashion_classifier`` is the command `fashion`."""

from fashion_classifier.cli import main

if __name__ == "__main__":
    main()
