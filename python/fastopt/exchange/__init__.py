"""Models that come and go: ONNX, C, MATLAB, Keras, PyTorch, scikit-learn."""
