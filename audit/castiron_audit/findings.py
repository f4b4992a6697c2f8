"""The codes of findings, as rules that accept one name them, and what a person does about each."""

from __future__ import annotations

_SETTLE = "and settle it in the policy with your reason."
_ACCEPT = "and accept the finding in the policy with your reason."

ADVICE = {
    "ambiguous-license": f"Read the license in the project's sources, {_SETTLE}",
    "build-only-crates": "",
    "contradiction": f"Read which license holds for this version, {_SETTLE}",
    "copied-source": f"Read the named files and the license of the project that they come from, {_ACCEPT}",
    "copyleft": "Offer the whole executable under this license, or do without the component. If you have another "
    "license for it, allow it by an exception in the policy.",
    "emulated-libc": "",
    "incompatible": "Do without the component, or offer the application under a license that goes together with it. If "
    "a lawyer says that it does, accept the finding in the policy with your reason.",
    "invalid-expression": f"Read which license the project means, {_SETTLE}",
    "joined-classifiers": "If the project offers them as a choice, settle the license with OR.",
    "makes-code": "",
    "newer-processor": "",
    "no-sources": "",
    "optional-part": "",
    "other-systems-crates": "",
    "relinking": "",
    "restricted": "Read whether the license allows your use. If so, allow it by an exception in the policy with your "
    "reason.",
    "text-is-template": "If you need the authors' names, look them up in the project's sources.",
    "undeclared-text": "Read the named file. If its license applies to what is in the executable, settle the "
    "component's license with it; if not, accept the finding in the policy. Both with your reason.",
    "unknown-go-modules": f"Read the license of each where the module is published, {_SETTLE}",
    "unknown-license": f"Read the license in the project's sources, {_SETTLE}",
    "unknown-static-contents": f"Read in the project's Cargo.lock which crates this version has, {_ACCEPT}",
    "unlisted-scripts": f"Read the license of each where the package is published, {_SETTLE}",
    "unnamed-fonts": f"Look up the licenses of these fonts, {_ACCEPT}",
    "unproven-sources": "",
    "unreadable-archive": f"Look into the file with another program, {_ACCEPT}",
    "unnamed-notice": "If you need to know whose it is, look the script up where the project has it from.",
    "unreadable-sbom": f"Read the named file, {_ACCEPT}",
    "version-open": 'Read in the first lines of the project\'s sources whether they say "or any later version", '
    f"{_SETTLE}",
}
"""By code; empty where nothing has to be done, or where the finding's own message says it."""
