# /// script
# dependencies = ["scipy"]
# ///
"""Optimisation, sparse matrices, statistics, signals, interpolation, spatial trees."""

import numpy as np
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.sparse.linalg
import scipy.spatial
import scipy.special
import scipy.stats

print(round(float(scipy.optimize.brentq(lambda x: x**3 - 2, 0, 2)), 9))
print(scipy.optimize.minimize(lambda x: ((x - 3) ** 2).sum(), [0.0, 0.0]).x.round(3).tolist())
print(scipy.optimize.linprog([1, 2], A_ub=[[-1, -1]], b_ub=[-1]).x.round(6).tolist())
matrix = scipy.sparse.random(50, 50, 0.1, random_state=1, format="csc") + scipy.sparse.eye(50, format="csc") * 5
print(scipy.sparse.linalg.spsolve(matrix, np.ones(50)).sum().round(9))
print(scipy.sparse.linalg.eigsh(scipy.sparse.diags(np.arange(1.0, 31)).tocsc(), k=2)[0].round(6).tolist())
print(round(float(scipy.stats.norm.cdf(1.96)), 9), scipy.stats.ttest_ind([1, 2, 3], [2, 3, 5]).pvalue.round(9))
print(scipy.signal.butter(2, 0.2)[0].round(9).tolist(), scipy.special.gamma(4.5).round(9))
print(scipy.interpolate.CubicSpline([0, 1, 2], [0, 1, 4])(1.5).round(9), scipy.integrate.quad(np.sin, 0, np.pi)[0])
print(scipy.spatial.cKDTree(np.eye(3)).query([0.9, 0, 0])[1], scipy.linalg.expm(np.zeros((2, 2))).tolist())
print(scipy.spatial.ConvexHull(np.array([[0, 0], [1, 0], [0, 1], [0.2, 0.2]])).volume)
