"""The experiment that ``fastopt init`` writes."""

from __future__ import annotations

import json

_TEMPLATE = """\
# An experiment: fastopt train THIS_FILE. Options of the command line override it.
# Paths start from the folder of this file. What is commented out shows a default or a choice.

[data]
path = {path}          # CSV, TSV, Parquet, Feather, NPY, NPZ or Excel
target = {target}      # one column or several
# inputs = ["a", "b"]         # else all other columns
# ignore = ["id"]             # columns to leave out
# categorical = ["year"]      # columns whose numbers are categories; texts always are
# weights = "w"               # a column of weights of the rows
task = "auto"                 # "regression", "classification", or by the target
impute = false                # true: medians for missing values, else they are refused
validation = 0.2              # share of the rows that is watched while it trains
test = 0.0                    # share that is looked at when all is done
# separator = ";"             # of a text file, else what the names show
# decimal = ","
# header = false              # the first line holds numbers; columns are "1", "2", …
# sheet = "Sheet1"            # of a workbook
# stream = true               # Parquet and NPY: block by block, as of large ones it is

[network]
hidden = [16]                 # widths of the hidden layers; [] for none
activation = "tanh"           # "relu", "gelu", …, or one for each hidden layer
# output_activation = "identity"       # of classes "softmax"
# initializer = "glorot_uniform"       # or {{ name = "Uniform", low = -0.1, high = 0.1 }}
# dtype = "float32"
# normalization = "batch"              # or {{ name = "layer", epsilon = 1e-3 }}
# dropout = 0.1
# residual = true
scale_inputs = "standard"     # "minmax", "none"
scale_targets = "auto"        # numbers "standard"; "minmax", "none"

[optimizer]
name = "adam"                 # "lm", "bfgs", "lbfgs", "sgd", "momentum", "nadam", …
# learning_rate = 0.001       # and whatever else the class has: beta_1, damping, memory …
# [optimizer.learning_rate]   # a schedule instead of a number
# name = "CosineDecay"        # "OneCycle", "StepDecay", "ExponentialDecay", "WarmUp" …
# initial = 0.01
# steps = 1000

[training]
epochs = 500
patience = 50                 # epochs without a better validation loss that end it; 0: never
restarts = 1                  # starts, of which the best is kept
seed = 0                      # of weights, split and batches
batch_size = "auto"           # min(32, rows); "all"
loss = "auto"                 # "mse", "mae", "huber(1.0)", "log_cosh", "pinball(0.9)" …
metrics = "auto"              # ["rmse", "r2"]: recorded in each epoch
l2 = 0.0                      # penalty of large weights
l1 = 0.0                      # of weights that are not 0
shuffle = true                # in each epoch; "once": the rows, before the first; false
# best_by = "val_accuracy"    # a column that judges the starts, else the validation loss
# clip = {{ name = "ClipByGlobalNorm", limit = 1.0 }}
# class_weight = "balanced"

[stopping]                    # criteria that end the training
# loss = 1e-4
# gradient_norm = 1e-6
# step_norm = 1e-9
# seconds = 60

# [[callbacks]]
# name = "ReduceLROnPlateau"
# factor = 0.5
# patience = 20

[output]
model = "model.safetensors"
# log = "run.jsonl"           # a line of JSON an epoch
# report = "report.html"      # data, curves, errors and what outputs depend on, in one file
# interval = 0.95             # in the report: how many targets lie in intervals of this probability
# pictures = "pictures"       # a folder of pictures
checkpoint = true             # so that --resume can go on
"""


def template(path: str, targets: list[str]) -> str:
    """Return the text of an experiment on a table."""
    target = json.dumps(targets if len(targets) != 1 else targets[0], ensure_ascii=False)
    return _TEMPLATE.format(path=json.dumps(path, ensure_ascii=False), target=target)
