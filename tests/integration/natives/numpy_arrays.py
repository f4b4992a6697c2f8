# /// script
# dependencies = ["numpy"]
# ///
"""Linear algebra, Fourier transforms, random numbers, threads, fork with OpenBLAS's pool alive, warnings and errors."""

import os
import sys
import threading
import warnings

import numpy as np

random = np.random.default_rng(7)
a = random.random((200, 200))
print(np.allclose(np.linalg.inv(a) @ a, np.eye(200)), np.linalg.matrix_rank(a))
print(np.linalg.eigvalsh(np.array([[2.0, 1], [1, 2]])).round(12).tolist())
print(np.linalg.svd(np.arange(6.0).reshape(2, 3))[1].round(6).tolist())
print(np.abs(np.fft.ifft(np.fft.fft([1.0, 2, 3]))).round(6).tolist(), random.normal(size=3).round(6).tolist())
print(np.random.default_rng(1).integers(0, 1000, 8).tolist(), np.array(["a", "bb"]).dtype)
results = []


def work(number):
    b = np.random.default_rng(number).random((300, 300))
    results.append(bool(np.allclose(np.linalg.solve(b, b @ np.ones(300)), np.ones(300))))


threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results)
child = os.fork()
if child == 0:
    os._exit(7 if np.allclose(np.linalg.inv(a) @ a, np.eye(200)) else 1)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    np.array([1.0]) / np.array([0.0])
print([str(w.message) for w in caught])
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as error:
    print("LinAlgError", error)
try:
    np.zeros(3) + np.zeros(4)
except ValueError as error:
    print(error)
print(np.sort(random.random(1000)).sum().round(9), np.einsum("ij,jk->ik", a, a).sum().round(6), sys.version_info[:2])
