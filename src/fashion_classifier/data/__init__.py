"""Bytes on disk to checked images and labels, split, the test set sealed."""
