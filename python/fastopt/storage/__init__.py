"""Networks and checkpoints as files: safetensors that execute nothing when they are read."""
