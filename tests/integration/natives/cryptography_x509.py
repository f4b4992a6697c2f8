# /// script
# dependencies = ["cryptography"]
# ///
"""Fernet, RSA, Ed25519, X.509, errors that come from Rust and from OpenSSL."""

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.x509.oid import NameOID

fernet = Fernet(Fernet.generate_key())
print(fernet.decrypt(fernet.encrypt(b"hi")))
for token in (b"x", fernet.encrypt(b"a")[:-4]):
    try:
        fernet.decrypt(token)
    except InvalidToken:
        print("InvalidToken")
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
signature = key.sign(b"m", pss, hashes.SHA256())
key.public_key().verify(signature, b"m", pss, hashes.SHA256())
try:
    key.public_key().verify(signature, b"n", pss, hashes.SHA256())
except InvalidSignature:
    print("InvalidSignature")
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example")])
day = datetime.datetime(2030, 1, 1)
builder = x509.CertificateBuilder(name, name, key.public_key(), 5, day, day + datetime.timedelta(1))
certificate = builder.sign(key, hashes.SHA256())
again = x509.load_pem_x509_certificate(certificate.public_bytes(serialization.Encoding.PEM))
print(again.subject.rfc4514_string(), again == certificate, again.not_valid_after_utc)
try:
    x509.load_pem_x509_certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
except ValueError as error:
    print("ValueError", str(error)[:40])
print(
    AESGCM(b"k" * 16).encrypt(b"n" * 12, b"data", b"").hex(),
    ChaCha20Poly1305(b"k" * 32).encrypt(b"n" * 12, b"d", None).hex(),
)
print(
    Scrypt(salt=b"s", length=16, n=2**10, r=8, p=1).derive(b"p").hex(),
    len(ec.generate_private_key(ec.SECP256R1()).sign(b"x", ec.ECDSA(hashes.SHA256()))) > 60,
)
ed = ed25519.Ed25519PrivateKey.from_private_bytes(b"1" * 32)
print(ed.sign(b"m").hex()[:32])
