"""What computes logits: PyTorch, ONNX Runtime or OpenVINO, all behind one small protocol."""
