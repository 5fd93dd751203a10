"""A network as ONNX: written, and checked against PyTorch before it is kept."""
