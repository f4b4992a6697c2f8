"""scikit-learn's checks of estimators, for LightGBM's, as LightGBM's own tests run them; and of its random forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightgbm
from sklearn.utils.estimator_checks import parametrize_with_checks

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET = {"n_jobs": 2, "verbose": -1}
BAGGED = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1}


@parametrize_with_checks(
    [
        lightgbm.LGBMClassifier(**QUIET),
        lightgbm.LGBMRegressor(**QUIET),
        lightgbm.LGBMClassifier(**QUIET, **BAGGED),
        lightgbm.LGBMRegressor(**QUIET, **BAGGED),
    ]
)
def test_estimator(estimator: object, check: Callable[[Any], None]) -> None:
    check(estimator)
