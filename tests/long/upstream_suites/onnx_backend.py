"""ONNX's own tests of a backend, with onnxruntime as the backend, as onnxruntime's test series runs them.

Those of large models, which are downloaded, are left out.
"""

from __future__ import annotations

import unittest

import onnx.backend.test
import onnxruntime.backend


def suite() -> unittest.TestSuite:
    """Return the tests for the processor."""
    tests = onnx.backend.test.BackendTest(onnxruntime.backend, __name__)
    tests.exclude(r"_cuda$")
    cases = tests.enable_report().test_cases
    loader = unittest.defaultTestLoader
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(case) for name, case in sorted(cases.items()) if "RealModel" not in name
    )
