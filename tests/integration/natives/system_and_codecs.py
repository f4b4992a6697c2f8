# /// script
# dependencies = ["psutil", "regex", "zstandard", "bcrypt", "pynacl", "xxhash"]
# ///
"""Small libraries in C and Rust."""

import os

import bcrypt
import nacl.exceptions
import nacl.secret
import nacl.signing
import psutil
import regex
import xxhash
import zstandard

print(psutil.Process().pid == os.getpid(), psutil.cpu_count() > 0, psutil.virtual_memory().total > 0)
try:
    psutil.Process(2**22 - 1)
except psutil.NoSuchProcess:
    print("NoSuchProcess")
print(regex.findall(r"\p{L}+", "aé b1"), regex.fullmatch(r"(?:foo){e<=1}", "fo") is not None)
print(zstandard.decompress(zstandard.compress(b"zz" * 500, 19))[:4])
try:
    zstandard.decompress(b"no frame")
except zstandard.ZstdError as error:
    print("ZstdError", error)
print(
    bcrypt.hashpw(b"x", b"$2b$04$abcdefghijklmnopqrstuu"), bcrypt.checkpw(b"x", bcrypt.hashpw(b"x", bcrypt.gensalt(4)))
)
try:
    bcrypt.hashpw(b"x", b"bad")
except ValueError as error:
    print("ValueError", error)
box = nacl.secret.SecretBox(b"k" * 32)
print(box.encrypt(b"m", b"n" * 24).hex(), box.decrypt(box.encrypt(b"n")))
try:
    box.decrypt(b"0" * 60)
except nacl.exceptions.CryptoError as error:
    print("CryptoError", error)
print(nacl.signing.SigningKey(b"s" * 32).sign(b"m").signature.hex()[:16], xxhash.xxh64(b"x").hexdigest())
