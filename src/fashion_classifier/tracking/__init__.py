"""What a command tells of its work to MLflow, TensorBoard or Weights & Biases: an extra each, off unless asked for.

A command writes records (`records`) into a journal, a file beside what it makes, and does no more than that. A process
for each tracker (`sending`, started and watched by `following`) reads the journal as it grows and hands the records to
an adapter, so that a tracker that is slow, gone or at fault costs the work nothing. Every adapter can be given the same
records again: what it has already is not doubled, and so what lacks is sent later by sending everything.
"""
