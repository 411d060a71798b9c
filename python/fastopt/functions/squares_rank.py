"""Which parameters a Jacobian determines: its rank, as far as its own errors let it be told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_EPSILON = float(np.finfo(float).eps)
# A singular value is none where it is within this multiple of what the errors of J, which are
# estimates, can make of zero.
_MARGIN = 10.0
# The share of a unit vector below which a component of a null vector is none, and the multiple of
# the errors of null vectors below which it is not either.
_SHARE = 1e-6
_LARGEST_SHARE = 0.1


class Determined(NamedTuple):
    """What J determines: its singular values in columns of unit length that are not zero.

    ``covariance`` is (JᵀJ)⁻¹ for the parameters that are determined, infinite for the others.
    ``root`` (n, rank) with root rootᵀ = (JᵀJ)⁺, and ``null`` (n, n − rank), the directions that
    change nothing, are those of columns of unit length: of parameters in units of 1 / ``size``.
    """

    rank: int
    undetermined: npt.NDArray[np.intp]
    covariance: Array
    root: Array
    null: Array
    size: Array
    share: float

    def variances(self, gradients: Array) -> Array:
        """Return gᵀ (JᵀJ)⁻¹ g of the rows g of ``gradients``: functions of the parameters.

        Infinite where g has a part in directions that J does not determine. A product a·b that is
        determined has a variance, though neither a nor b has one.
        """
        scaled = gradients / self.size
        variances: Array = ((scaled @ self.root) ** 2).sum(axis=-1)
        lost = np.linalg.norm(scaled @ self.null, axis=-1)
        variances[lost > self.share * np.linalg.norm(scaled, axis=-1)] = np.inf
        return variances


def determined(jacobian: Array, errors: Array) -> Determined:
    """Return rank, the parameters that are not determined one by one, and (JᵀJ)⁻¹.

    Parameters
    ----------
    jacobian : array (m, n)
        J, finite.
    errors : array (n,)
        The error of each column as a vector's length, beyond rounding.
    """
    m, n = jacobian.shape
    largest = np.abs(jacobian).max(axis=0)
    size = np.where(largest > 0, largest, 1.0)
    size = size * np.where(largest > 0, np.linalg.norm(jacobian / size, axis=0), 1.0)
    scaled = jacobian / size
    if m > n:  # R has the same singular values and right vectors, and is smaller
        scaled = np.asarray(np.linalg.qr(scaled, mode="r"))
    _, found, vt = np.linalg.svd(scaled, full_matrices=m < n)
    singular = np.zeros(n)
    singular[: found.size] = found
    rounding = max(m, n) * _EPSILON * singular[0]
    # A column that is nothing but error, as between bounds without room, is no worse than that.
    shares = np.minimum(errors / size, 1.0)
    from_errors = _MARGIN * np.sqrt(vt**2 @ shares**2)
    kept = singular > np.maximum(rounding, from_errors)
    rank = int(kept.sum())
    null = np.sqrt((vt[~kept] ** 2).sum(axis=0))
    share = _SHARE
    if 0 < rank < n:
        error = max(rounding, float(from_errors.max()))
        share = min(max(share, error / float(singular[kept].min())), _LARGEST_SHARE)
    undetermined = np.flatnonzero(null > share)
    root = vt[kept].T / singular[kept]
    in_units = root / size[:, np.newaxis]
    covariance: Array = in_units @ in_units.T
    covariance[undetermined] = np.inf
    covariance[:, undetermined] = np.inf
    return Determined(rank, undetermined, covariance, root, vt[~kept].T, size, share)
