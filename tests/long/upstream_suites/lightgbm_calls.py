"""Forty things that LightGBM does, each a line with its name and what came of it."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import pandas
import scipy.sparse

warnings.simplefilter("ignore")
random = np.random.default_rng(0)
X = random.standard_normal((2000, 10))
binary = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
number = 3 * X[:, 0] + X[:, 1] ** 2 + random.standard_normal(2000) / 10
kinds = np.digitize(X[:, 3] + X[:, 4], [-1, 0, 1])
FIXED = {"num_threads": 2, "verbose": -1, "seed": 1, "deterministic": True, "force_row_wise": True}


def tell(name: str, *values: object) -> None:
    """Print a line; numbers with six digits."""
    print(
        f"{name}:",
        *(np.round(value, 6).tolist() if isinstance(value, (np.ndarray, float)) else value for value in values),
        flush=True,
    )


for objective, label in (
    ("binary", binary), ("cross_entropy", binary), ("regression", number), ("regression_l1", number), ("huber", number),
    ("fair", number), ("quantile", number), ("mape", number + 20), ("poisson", np.abs(number)),
    ("gamma", np.abs(number) + 0.1), ("tweedie", np.abs(number)),
):  # fmt: skip
    booster = lightgbm.train({**FIXED, "objective": objective}, lightgbm.Dataset(X, label), 15)
    tell(f"objective {objective}", booster.predict(X[:4]))
for objective in ("multiclass", "multiclassova"):
    booster = lightgbm.train({**FIXED, "objective": objective, "num_class": 4}, lightgbm.Dataset(X, kinds), 10)
    tell(f"objective {objective}", booster.predict(X[:2]))
for objective in ("lambdarank", "rank_xendcg"):
    data = lightgbm.Dataset(X, kinds, group=[100] * 20)
    tell(f"objective {objective}", lightgbm.train({**FIXED, "objective": objective}, data, 10).predict(X[:3]))
for boosting, more in (
    ("gbdt", {}), ("dart", {"drop_rate": 0.2}), ("rf", {"bagging_freq": 1, "bagging_fraction": 0.7}), ("goss", {}),
):  # fmt: skip
    parameters = {**FIXED, "objective": "binary", "boosting": boosting, **more}
    tell(f"boosting {boosting}", lightgbm.train(parameters, lightgbm.Dataset(X, binary), 15).predict(X[:3]))
for option in (
    {"linear_tree": True}, {"extra_trees": True}, {"monotone_constraints": [1] + [0] * 9}, {"max_bin": 15},
    {"feature_fraction": 0.5}, {"lambda_l1": 1.0, "lambda_l2": 2.0}, {"path_smooth": 5.0}, {"num_threads": 1},
    {"num_threads": 8}, {"use_quantized_grad": True},
):  # fmt: skip
    parameters = {**FIXED, "objective": "regression", **option}
    tell(f"option {option}", lightgbm.train(parameters, lightgbm.Dataset(X, number), 15).predict(X[:3]))
booster = lightgbm.train({**FIXED, "objective": "binary"}, lightgbm.Dataset(X, binary), 20)
told = booster.predict(X)
tell("accuracy", float(((told > 0.5) == binary).mean()))
tell("leaves", booster.predict(X[:2], pred_leaf=True).tolist())
tell("contributions", booster.predict(X[:2], pred_contrib=True))
tell("raw", booster.predict(X[:2], raw_score=True))
tell("importance", booster.feature_importance().tolist(), booster.feature_importance("gain"))
tell(
    "text",
    len(booster.model_to_string()),
    np.allclose(lightgbm.Booster(model_str=booster.model_to_string()).predict(X), told),
)
booster.save_model("model.txt")
tell("file", np.allclose(lightgbm.Booster(model_file="model.txt").predict(X), told), Path("model.txt").stat().st_size)
tell("pickle", np.allclose(pickle.loads(pickle.dumps(booster)).predict(X), told))
tell("json", sorted(booster.dump_model())[:5], booster.num_trees())
tell("trees", booster.trees_to_dataframe().shape)
tell("sparse", np.allclose(booster.predict(scipy.sparse.csr_matrix(X)), told))
frame = pandas.DataFrame(X, columns=[f"c{n}" for n in range(10)]).assign(k=pandas.Categorical(kinds))
tell(
    "categories",
    lightgbm.train({**FIXED, "objective": "binary"}, lightgbm.Dataset(frame, binary), 10).predict(frame[:3]),
)
held = lightgbm.Dataset(X[1500:], binary[1500:])
record: dict[str, dict[str, list[float]]] = {}
stopped = lightgbm.train(
    {**FIXED, "objective": "binary", "metric": ["auc", "binary_logloss"]},
    lightgbm.Dataset(X[:1500], binary[:1500]),
    200,
    valid_sets=[held],
    callbacks=[lightgbm.early_stopping(5, verbose=False), lightgbm.record_evaluation(record)],
)
tell("early stopping", stopped.best_iteration, np.array(record["valid_0"]["auc"][:3]))
found = lightgbm.cv({**FIXED, "objective": "binary"}, lightgbm.Dataset(X, binary), 10, nfold=3, seed=2)
tell("cross validation", {name: round(values[-1], 6) for name, values in found.items()})
tell(
    "own objective",
    lightgbm.train(
        {**FIXED, "objective": lambda p, d: (p - d.get_label(), np.ones(len(p)))}, lightgbm.Dataset(X, number), 10
    ).predict(X[:2]),
)
tell("refit", booster.refit(X[:500], binary[:500]).predict(X[:2]))
tell(
    "LGBMClassifier",
    lightgbm.LGBMClassifier(n_estimators=10, n_jobs=2, verbose=-1).fit(X, kinds).predict(X[:8]).tolist(),
)
tell("LGBMRanker", lightgbm.LGBMRanker(n_estimators=5, verbose=-1).fit(X, kinds, group=[200] * 10).predict(X[:2]))
lightgbm.Dataset(X, binary).save_binary("data.bin")
tell("binary file", lightgbm.train({**FIXED, "objective": "binary"}, lightgbm.Dataset("data.bin"), 5).predict(X[:2]))
np.savetxt("data.csv", np.column_stack([binary, X])[:200], delimiter=",")
tell(
    "csv",
    lightgbm.train({**FIXED, "objective": "binary", "min_data_in_leaf": 5}, lightgbm.Dataset("data.csv"), 5).predict(
        X[:2]
    ),
)
for name, call in (
    ("bad text", lambda: lightgbm.Booster(model_str="junk")),
    ("bad objective", lambda: lightgbm.train({**FIXED, "objective": "none such"}, lightgbm.Dataset(X, binary), 1)),
    ("bad shape", lambda: booster.predict(X[:, :3])),
):
    try:
        call()
    except lightgbm.basic.LightGBMError as error:
        tell(f"error {name}", str(error)[:60])
