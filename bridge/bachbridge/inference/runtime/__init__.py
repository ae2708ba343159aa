"""Code that the model families share: cards and files, ONNX networks, sampling, style, expression and protocols."""
