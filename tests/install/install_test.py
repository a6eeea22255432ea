"""The program as installed: from a prefix, as a Debian package, and with a layer of somebody's own (examples/own_layer).

A case that needs an earlier one's folder makes it itself, so that each runs alone.
"""

import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import Interlock, check, check_equal, main, metrics

REPOSITORY = Path(__file__).resolve().parents[2]
# Fewer samples than the configs have, so that a run takes seconds.
SMALL = ["data.train_samples=256", "data.eval_samples=64", "training.epochs=1"]
RANKS = 4  # of the example's and the quickstart's three stages


def run(command, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=600, **options)


def succeed(command, **options):
    done = run(command, **options)
    check(done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def cached(interlock, name):
    """A variable of the build's CMake cache."""
    text = (interlock.program.parent / "CMakeCache.txt").read_text()
    return re.search(f"^{name}:[A-Z]+=(.*)$", text, re.MULTILINE).group(1)


def project_version():
    text = (REPOSITORY / "CMakeLists.txt").read_text()
    return re.search(r"^project\(interlock VERSION ([0-9.]+)", text, re.MULTILINE).group(1)


def install(interlock):
    prefix = interlock.folder / "prefix"
    succeed(["cmake", "--install", interlock.program.parent, "--prefix", prefix])
    return prefix


def a_prefix(interlock):
    """Programs, headers and CMake files are whole, and know nothing of the source tree or the build folder."""
    built = interlock.program.parent
    first = install(interlock)
    prefix = interlock.folder / "moved"  # a prefix may be moved
    first.rename(prefix)
    headers = {str(file.relative_to(prefix / "include/interlock")) for file in (prefix / "include").rglob("*.h")}
    for header in headers:
        for name in re.findall(r'^#include "(.*)"', (prefix / "include/interlock" / header).read_text(), re.MULTILINE):
            check(name in headers, f"{header} includes {name}, which is not installed")
    for file in [*(prefix / "include").rglob("*.h"), *prefix.rglob("*.cmake")]:
        for folder in (REPOSITORY, built, first):
            check(f"{folder}/" not in file.read_text(), f"{file} names {folder}")
    installed = Interlock(prefix / "bin/interlock", interlock.folder)
    check_equal(installed.succeed("--version").out.strip(), f"interlock {project_version()}", "the version")
    installed.mpirun = prefix / "share/interlock/launch/lib/mpirun.sh"
    trained = installed.succeed("train", prefix / "share/interlock/configs/quickstart.yaml", *SMALL, "run.dir=run",
                                ranks=RANKS)
    check_equal(len(metrics(interlock.folder / "run", "step")), 2, "steps")
    check(f"{prefix.name}/bin/interlock export" in trained.out, f"the next commands name another program: {trained}")


def small_program_alone(interlock):
    """It answers what needs no LibTorch, and says what is missing for the rest."""
    alone = Interlock(shutil.copy(interlock.program, interlock.folder), interlock.folder)
    alone.succeed("--version")
    refused = alone.run("train", "config.yaml")
    check_equal(refused.code, 2, "exit code without the full program")
    check("interlock-torch is not there" in refused.err, f"not said what is missing: {refused}")


def own_layer(interlock):
    """Another project's program with a layer and a model of its own: trains, is exact, exports."""
    prefix = install(interlock)
    source = prefix / "share/interlock/examples/own_layer"
    build = interlock.folder / "build"
    succeed(["cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"])
    succeed(["cmake", "--build", build])
    config = source / "config.yaml"
    own = Interlock(build / "own_layer", interlock.folder)
    trained = own.succeed("train", config, *SMALL, "run.dir=run", ranks=RANKS)
    check("own_layer export run" in trained.out, f"the next commands name another program: {trained}")
    check_equal(len(metrics(interlock.folder / "run", "step")), 2, "steps")
    verified = own.succeed("verify", config, *SMALL, "--steps", "2", ranks=RANKS)
    check_equal(verified.out.count("equal to the last bit"), 3, f"stages that are exact in {verified}")
    weights = own.export("run", "weights.safetensors")
    with open(weights, "rb") as file:
        tensors = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    check("layers.1.squeeze.weight" in tensors, f"the layer's weights are not among {sorted(tensors)}")
    check_equal(tensors["layers.1.squeeze.weight"]["shape"], [4, 16], "shape of the layer's weights")

    for change, said in [
            ("model.layers=[squeeze_excitation: {channels: 16, reduction: 3}]", "which does not divide channels, 16"),
            ("model.layers=[squeeze_excitation: {channel: 16}]", "did you mean 'channels'?"),
            ("model.layers=[squeeze_excitatoin: {channels: 3}]", "did you mean 'squeeze_excitation'?"),
            ("model.layers=[squeeze_excitation: {channels: 16}]", "takes [16, height, width] but gets [3, 16, 16]"),
            ("learning.heads=[[se_net], [se_net]]", "stands for several layers")]:
        one_layer = ["partition.layers=[1]", "learning.horizon=all", "learning.heads=[]"] if "model" in change else []
        refused = own.run("check", config, change, *one_layer)
        check(refused.code == 2 and said in refused.err, f"{change} should be refused with '{said}': {refused}")
    refused = interlock.run("check", config)
    check(refused.code == 2 and "unknown layer 'se_net'" in refused.err, f"interlock itself knows no se_net: {refused}")


def debian_package(interlock):
    """Holds no LibTorch and no trace of this machine's; finds one that is named, and says so where there is none."""
    built, root = interlock.program.parent, cached(interlock, "LIBTORCH_ROOT")
    succeed(["cpack", "-G", "DEB", "--config", built / "CPackConfig.cmake", "-B", interlock.folder / "cpack"], cwd=built)
    package, = (interlock.folder / "cpack").glob("*.deb")
    needs = succeed(["dpkg-deb", "--field", package, "Depends"]).stdout
    for name in ("openmpi-bin", "libopenmpi3", "libyaml-cpp", "libfmt", "libc6", "libhwloc"):
        check(name in needs, f"{name} is not among what the package needs: {needs}")
    check("torch" not in needs and "cud" not in needs, f"Debian has no such package: {needs}")
    tree = interlock.folder / "tree"
    succeed(["dpkg-deb", "--extract", package, tree])
    changes = gzip.decompress((tree / "usr/share/doc/interlock/changelog.Debian.gz").read_bytes()).decode()
    check(changes.startswith(f"interlock ({project_version()}-"), f"the package's changelog is of another version: {changes}")
    dynamic = succeed(["readelf", "--dynamic", tree / "usr/libexec/interlock/interlock-torch"]).stdout
    check("libtorch_cpu.so" in dynamic and "PATH)" not in dynamic, f"the package's program has a run path:\n{dynamic}")
    for file in tree.rglob("*.cmake"):
        check(root not in file.read_text(), f"{file.name} names {root}")

    packaged = Interlock(tree / "usr/bin/interlock", interlock.folder)
    packaged.succeed("--version")
    config = tree / "usr/share/interlock/configs/quickstart.yaml"
    os.environ["INTERLOCK_LIBTORCH"] = root
    try:
        packaged.succeed("train", config, *SMALL, "run.dir=run", ranks=RANKS)
        check_equal(len(metrics(interlock.folder / "run", "step")), 2, "steps")
        os.environ["INTERLOCK_LIBTORCH"] = "/nowhere"
        refused = packaged.run("check", config)
        check(refused.code == 2 and "/nowhere/lib/libtorch_cpu.so" in refused.err, f"a LibTorch that is not there: {refused}")
    finally:
        del os.environ["INTERLOCK_LIBTORCH"]
    if not Path("/opt/libtorch").exists():
        refused = packaged.run("check", config)
        check(refused.code == 2 and "pip install torch==" in refused.err, f"without a LibTorch: {refused}")


main([
    ("a prefix", a_prefix),
    ("the small program alone", small_program_alone),
    ("a layer of one's own", own_layer),
    ("a Debian package", debian_package),
])
