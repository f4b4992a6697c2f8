# /// script
# dependencies = ["cffi", "pycryptodome", "numpy"]
# ///
"""ctypes and cffi: the program, libc by all its names, absorbed libraries by path, callbacks, errno, the missing."""

import ctypes
import ctypes.util
import os

import cffi
import numpy as np
from Crypto.Cipher import AES, ChaCha20_Poly1305
from Crypto.PublicKey import RSA

ctypes.pythonapi.PyLong_FromLong.restype = ctypes.py_object
print(ctypes.pythonapi.PyLong_FromLong(5), ctypes.CDLL(None).atoi(b"7"), ctypes.CDLL("libc.musl-x86_64.so.1").abs(-3))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 4)(3, 1, 4, 2)
ctypes.CDLL(None).qsort(numbers, 4, 4, compare(lambda a, b: a[0] - b[0]))
print(list(numbers))
libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
libc.open(b"/nonexistent/file", 0)
print(os.strerror(ctypes.get_errno()))
print(ctypes.c_int.in_dll(ctypes.pythonapi, "Py_OptimizeFlag").value)
for name in ("libnone.so.1", "/nonexistent/libnone.so"):
    try:
        ctypes.CDLL(name)
    except OSError:
        print("OSError")
try:
    libc.no_such_function
except AttributeError:
    print("AttributeError")
ffi = cffi.FFI()
ffi.cdef(
    "int atoi(const char *); double sqrt(double); typedef int (*compare)(const void *, const void *);"
    "void qsort(void *, size_t, size_t, compare);"
)
program = ffi.dlopen(None)
print(program.atoi(b"42"), program.sqrt(2.0))
values = ffi.new("int[3]", [3, 1, 2])
callback = ffi.callback("compare", lambda a, b: ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0])
program.qsort(values, 3, 4, callback)
print(list(values))
print(AES.new(b"k" * 16, AES.MODE_EAX, b"n" * 16).encrypt(b"hello").hex())
print(ChaCha20_Poly1305.new(key=b"k" * 32, nonce=b"n" * 12).encrypt(b"x").hex(), RSA.construct((3233, 17)).n)
array = np.arange(4, dtype=np.int32)
print(np.ctypeslib.as_array(array.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)), (4,)).tolist())
