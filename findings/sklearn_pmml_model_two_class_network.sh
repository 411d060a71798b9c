#!/usr/bin/env bash
# sklearn-pmml-model: a neural network for two classes always predicts the second one.
#
# Versions: sklearn-pmml-model 1.0.8, scikit-learn 1.9.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: predict() gives the class of the larger probability, as scikit-learn's MLPClassifier does and as the PMML
#   specification says.
# Seen: predict_proba() is right, predict() is "yes" for every row, also where its probability is 0.02. The label
#   binarizer is made for -1 and 1, so the threshold for the probability is 0 instead of 0.5.
# Matters: half of the predictions of a balanced problem are wrong, without a warning.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'sklearn-pmml-model==1.0.8' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io
import math

import numpy as np
from sklearn_pmml_model.neural_network import PMMLMLPClassifier

# logistic(4 tanh(x)), in the layout of the exporter Nyoka
document = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary numberOfFields="2">
  <DataField name="x" optype="continuous" dataType="double"/>
  <DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>
</DataDictionary>
<NeuralNetwork functionName="classification" activationFunction="tanh">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <NeuralInputs numberOfInputs="1"><NeuralInput id="i">
    <DerivedField optype="continuous" dataType="double"><FieldRef field="x"/></DerivedField>
  </NeuralInput></NeuralInputs>
  <NeuralLayer><Neuron id="h" bias="0"><Con from="i" weight="1"/></Neuron></NeuralLayer>
  <NeuralLayer activationFunction="identity"><Neuron id="s" bias="0"><Con from="h" weight="4"/></Neuron></NeuralLayer>
  <NeuralLayer activationFunction="logistic"><Neuron id="p" bias="0"><Con from="s" weight="1"/></Neuron></NeuralLayer>
  <NeuralLayer activationFunction="identity">
    <Neuron id="n" bias="1"><Con from="p" weight="-1"/></Neuron>
    <Neuron id="y" bias="0"><Con from="p" weight="1"/></Neuron>
  </NeuralLayer>
  <NeuralOutputs numberOfOutputs="2">
    <NeuralOutput outputNeuron="n"><DerivedField optype="categorical" dataType="string">
      <NormDiscrete field="y" value="no"/></DerivedField></NeuralOutput>
    <NeuralOutput outputNeuron="y"><DerivedField optype="categorical" dataType="string">
      <NormDiscrete field="y" value="yes"/></DerivedField></NeuralOutput>
  </NeuralOutputs>
</NeuralNetwork></PMML>"""
model = PMMLMLPClassifier(io.BytesIO(document.encode()))
x = np.array([[-3.0], [-1.0], [-0.1], [0.1], [1.0]])
probabilities, labels = model.predict_proba(x), model.predict(x)
for row, p, label in zip(x.ravel(), probabilities, labels):
    print("x", row, "P(no), P(yes):", p, "predict():", label)
    assert math.isclose(p[1], 1 / (1 + math.exp(-4 * math.tanh(row))), rel_tol=1e-6)
assert np.all(labels == "yes"), "the first class is predicted now"
print("AS SEEN: always the second class")
PYTHON
