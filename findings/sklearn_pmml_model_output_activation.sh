#!/usr/bin/env bash
# sklearn-pmml-model: the activation function of a network's output layer is ignored in regression.
#
# Versions: sklearn-pmml-model 1.0.8, scikit-learn 1.9.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: the PMML specification: a layer without an activationFunction of its own has that of the NeuralNetwork, the
#   last layer like the others. What scikit-learn has no means for is refused, as other functions in
#   hidden layers are.
# Seen: the output layer is linear, whatever the document says: 4 tanh(x) instead of tanh(4 tanh(x)), with the
#   function given for the network or for the layer.
# Matters: networks whose outputs are bounded (R's nnet without linout) predict numbers outside of the bounds.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'sklearn-pmml-model==1.0.8' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import numpy as np
from sklearn_pmml_model.neural_network import PMMLMLPRegressor

document = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary numberOfFields="2">
  <DataField name="x" optype="continuous" dataType="double"/>
  <DataField name="y" optype="continuous" dataType="double"/>
</DataDictionary>
<NeuralNetwork functionName="regression" activationFunction="tanh">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <NeuralInputs numberOfInputs="1"><NeuralInput id="i">
    <DerivedField optype="continuous" dataType="double"><FieldRef field="x"/></DerivedField>
  </NeuralInput></NeuralInputs>
  <NeuralLayer><Neuron id="h" bias="0"><Con from="i" weight="1"/></Neuron></NeuralLayer>
  <NeuralLayer LAST><Neuron id="o" bias="0"><Con from="h" weight="4"/></Neuron></NeuralLayer>
  <NeuralOutputs numberOfOutputs="1"><NeuralOutput outputNeuron="o">
    <DerivedField optype="continuous" dataType="double"><FieldRef field="y"/></DerivedField>
  </NeuralOutput></NeuralOutputs>
</NeuralNetwork></PMML>"""
x = np.array([[-2.0], [0.1], [1.0]])
score = 4 * np.tanh(x.ravel())
for last, true in (
    ('activationFunction="identity"', score),
    ('activationFunction="tanh"', np.tanh(score)),
    ("", np.tanh(score)),
    ('activationFunction="logistic"', 1 / (1 + np.exp(-score))),
):
    seen = PMMLMLPRegressor(io.BytesIO(document.replace("LAST", last).encode())).predict(x)
    print("output layer", last or "as the network, tanh", "expected:", true, "seen:", seen)
    assert np.allclose(seen, score), "the activation of the output layer is known now"
print("AS SEEN: the output layer is always linear")
PYTHON
