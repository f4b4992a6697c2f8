"""Wheels for glibc at work: random forest, gradient boosting, a convolution network, a numba kernel.

Prints for each the processor time of this process in seconds, least of five, and a number that must be the same
everywhere.  To compare: link it, run the binary and an ordinary CPython with the same versions in turns, and take the
least of each.  Needs scikit-learn, lightgbm, onnxruntime, onnx and numba.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

# Threads that wait for each other spin, which counts as processor time: beside other work a second one doubles it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm
import numba
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

if TYPE_CHECKING:
    from collections.abc import Callable

random = np.random.default_rng(0)
X = random.standard_normal((4000, 20))
y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)


def forest() -> float:
    return float(RandomForestClassifier(60, random_state=0, n_jobs=1).fit(X, y).predict_proba(X)[:, 1].sum())


def boosting() -> float:
    return float(HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(X, y).predict_proba(X)[:, 1].sum())


def light() -> float:
    fixed = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1, "deterministic": True}
    return float(lightgbm.train(fixed, lightgbm.Dataset(X, y), 100).predict(X).sum())


def network() -> Callable[[], float]:
    """Return what runs four convolutions."""
    nodes, weights, name, depth = [], [], "x", 3
    for number in range(4):
        kernel = (random.standard_normal((32, depth, 3, 3)) / 10).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{number}"))
        nodes.append(helper.make_node("Conv", [name, f"w{number}"], [f"c{number}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        name, depth = f"r{number}", 32
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [8, 3, 64, 64])
    wanted = helper.make_tensor_value_info(name, TensorProto.FLOAT, [8, 32, 64, 64])
    graph = helper.make_graph(nodes, "g", [given], [wanted], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    image = random.standard_normal((8, 3, 64, 64)).astype(np.float32)
    return lambda: float(sum(session.run(None, {"x": image})[0].sum(dtype=np.float64) for _ in range(5)))


@numba.njit
def _kernel(size: int) -> float:
    total = 0.0
    for i in range(size):
        for j in range(size):
            total += (i * j % 7) ** 0.5 + np.sin(i + j)
    return total


def kernel() -> float:
    return float(_kernel(2000))


def main() -> None:
    for name, work in {
        "random forest": forest,
        "gradient boosting": boosting,
        "LightGBM": light,
        "convolutions": network(),
        "numba": kernel,
    }.items():
        result = work()
        times = []
        for _ in range(5):
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
        print(f"{name}: {min(times):.3f} s, {result:.4f}", flush=True)


if __name__ == "__main__":
    main()
