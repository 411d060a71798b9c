"""Any function: the same methods, with Python callables as the objective."""
