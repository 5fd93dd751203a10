"""What this machine offers and what is wrong with the installation, a topic a function.

Each module imports what its topics need, so that a library that is broken spoils those topics alone.
"""
