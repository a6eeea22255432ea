"""launch/carry: what it packs runs where neither Open MPI nor the other libraries are installed.

That other machine is played by a mount namespace in which empty folders and files lie over those of this one.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import SKIPPED, check, check_equal, main, metrics, skip_without

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_MIB = 64
# Of the packed libraries those that nothing else here needs to start.
HIDDEN = ("libmpi.", "libopen-", "libmca_", "libhwloc.", "libevent", "libpmix.", "libyaml-cpp.", "libturbojpeg.",
          "libsentencepiece", "libfmt.", "libspdlog.")


def run(command, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=120, **options)


def known_libraries():
    """Name -> path, as the loader here finds them."""
    lines = run(["/sbin/ldconfig", "-p"]).stdout.splitlines()
    return {line.split()[0]: line.split(" => ")[1] for line in lines if " => " in line}


def open_mpi_folders():
    lines = run(["ompi_info", "--parsable", "--path", "pkglibdir", "--path", "pkgdatadir", "--path", "sysconfdir"]).stdout
    return [line.split(":")[2] for line in lines.splitlines() if line.startswith("path:")]


def hiding(packed, empty):
    """A shell script: hides things, then becomes the command that it is given."""
    known = known_libraries()
    names = [library.name for library in (packed / "lib").glob("*.so*") if library.name.startswith(HIDDEN)]
    check(len(names) > 5, f"hardly a library was packed: {names}")
    files = [known[name] for name in names if name in known]
    files += [found for found in (run(["sh", "-c", f"command -v {name}"]).stdout.strip() for name in ("mpirun", "orted", "ssh"))
              if found]
    lines = ["set -e"]
    lines += [f"mount --bind {shlex.quote(str(empty))} {shlex.quote(folder)}" for folder in open_mpi_folders()
              if Path(folder).is_dir() and folder != "/etc"]
    lines += [f"mount --bind /dev/null {shlex.quote(os.path.realpath(file))}" for file in sorted(set(files))]
    return "\n".join([*lines, 'exec "$@"'])


def elsewhere(interlock):
    packed, empty = interlock.folder / "packed", interlock.folder / "empty"
    empty.mkdir()
    done = run([REPOSITORY / "launch/carry", packed, "test_comm"],
               env={**os.environ, "INTERLOCK_BUILD": str(interlock.program.parent)})
    check_equal(done.returncode, 0, f"exit code of launch/carry, which said {done.stderr}")
    mib = sum(file.stat().st_size for file in packed.rglob("*") if file.is_file()) / 2**20
    check(mib <= MOST_MIB, f"{mib:.0f} MiB packed, more than {MOST_MIB}")

    script = hiding(packed, empty)
    moved = interlock.folder / "moved"  # nothing in it may know where it was made
    packed.rename(moved)
    clean = ["env", "-i", "PATH=/usr/bin:/bin", f"PYTHON={sys.executable}", f"HOME={interlock.folder}"]

    def there(*command):
        return run(["unshare", "--mount", "sh", "-c", script, "sh", *clean, moved / "run", *command], cwd=interlock.folder)

    hidden = run(["unshare", "--mount", "sh", "-c", script, "sh", *clean, interlock.program, "--version"])
    check(hidden.returncode != 0, f"the libraries are not hidden: {hidden}")
    checked = there()
    check_equal(checked.returncode, 0, f"exit code of run alone: {checked}")
    trained = there(moved / "mpirun.sh", 4, "interlock", "train", REPOSITORY / "configs/quickstart.yaml",
                    "data.train_samples=256", "data.eval_samples=64", "training.epochs=1", "run.dir=run")
    check_equal(trained.returncode, 0, f"exit code of the run: {trained}")
    check_equal(len(metrics(interlock.folder / "run", "step")), 2, "steps")
    tested = there(moved / "mpirun.sh", 3, "test_comm")
    check_equal(tested.returncode, 0, f"exit code of a packed test: {tested}")


def not_ours(interlock):
    """A folder with somebody's files is not emptied."""
    (interlock.folder / "mine").mkdir()
    (interlock.folder / "mine/thesis.txt").write_text("years of work")
    done = run([REPOSITORY / "launch/carry", interlock.folder / "mine"])
    check(done.returncode != 0 and "another folder" in done.stderr, f"launch/carry on a folder in use: {done}")
    check((interlock.folder / "mine/thesis.txt").exists(), "launch/carry removed somebody's file")


skip_without("torch")
probe = run(["unshare", "--mount", "sh", "-c", "mount --bind /dev/null /etc/hostname"])
if probe.returncode != 0:
    print(f"skipped: no mount namespaces here: {probe.stderr.strip()}")
    sys.exit(SKIPPED)
main([
    ("what is packed runs where nothing is installed", elsewhere),
    ("a folder in use is left alone", not_ours),
])
