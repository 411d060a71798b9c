"""Networks as scikit-learn estimators; they need the extra ``fastopt[sklearn]``."""

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fastopt.MLPRegressor and fastopt.MLPClassifier need scikit-learn 1.6 or later: "
        "pip install 'fastopt[sklearn]'"
    ) from error

from fastopt.estimators.classifier import MLPClassifier
from fastopt.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
