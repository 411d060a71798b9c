"""Plain NumPy transcriptions of the formulas, against which fastopt is tested.

Nothing here imports fastopt. Everything works on float64 and, where a derivative is checked by a
complex step, on complex128: branches look at the real part only.
"""
