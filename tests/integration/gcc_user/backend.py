"""Builds an extension module that needs GCC's libraries of the system, as wheels do that auditwheel has not repaired.

Our compilers link a C++ library of their own into what they build.  So the module is linked by the C compiler with two
libraries that have the right names and symbols and nothing in them, which are not in the wheel.
"""

import base64
import hashlib
import os
import shlex
import subprocess
import sysconfig
import zipfile
from pathlib import Path

STAND_INS = {
    "libgcc_s.so.1": "void _Unwind_Resume(void) {}",
    "libstdc++.so.6": """
        void *_ZTISt9exception[2];
        #define F(name) void name(void) {}
        F(__cxa_begin_catch) F(__cxa_end_catch) F(__gxx_personality_v0) F(__cxa_demangle)
        F(_ZSt20__throw_out_of_rangePKc) F(_ZSt9terminatev)""",
}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(
        [*shlex.split(os.environ["CXX"]), "-nostdinc++", "-fexceptions", "-fPIC", "-O1", include, "-c", "demangle.cc"],
        check=True,
    )
    for soname, source in STAND_INS.items():
        Path("stand_in.c").write_text(source + "\n")
        compiler = [*shlex.split(os.environ["CC"]), "-shared", "-fPIC", f"-Wl,-soname,{soname}"]
        subprocess.run([*compiler, "stand_in.c", "-o", soname], check=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    module = f"demangle{suffix}"
    subprocess.run(
        [*shlex.split(os.environ["CC"]), "-shared", "demangle.o", *map(os.path.abspath, STAND_INS), "-o", module],
        check=True,
    )
    platform = f"linux_{os.uname().machine}"
    tag = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    name = f"gcc_user-1.0-{tag}-{tag}-{platform}.whl"
    info = "gcc_user-1.0.dist-info"
    files = {
        module: Path(module).read_bytes(),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: gcc-user\nVersion: 1.0\nLicense-Expression: MIT\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-{platform}\n".encode(),
    }
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as archive:
        record = ""
        for path, content in files.items():
            archive.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(content)}\n"
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return name
