# What a folder made by launch/carry does on the machine it was carried to. Sourced with `folder` set.
# shellcheck shell=bash disable=SC2154

# Prints the folders of LibTorch, CUDA and NCCL, with ':' between them, as the Python there has them. PyTorch is not
# imported: that takes seconds.
carried_torch() {
  "${PYTHON:-python3}" - <<'PYTHON'
import glob, importlib.util, os, sys
found = importlib.util.find_spec("torch")
if found is None:
    sys.exit("carried interlock: no PyTorch in %s; set PYTHON to a Python that has it" % sys.executable)
torch = os.path.dirname(found.origin)
print(":".join([os.path.join(torch, "lib"), *sorted(glob.glob(os.path.join(os.path.dirname(torch), "nvidia", "*", "lib")))]))
PYTHON
}

# For programs that were carried, not for others: those find their own versions of the same libraries.
carried_libraries() {
  INTERLOCK_CARRIED_TORCH=${INTERLOCK_CARRIED_TORCH:-$(carried_torch)} || exit 1
  export INTERLOCK_CARRIED_TORCH
  export LD_LIBRARY_PATH=$folder/lib:$INTERLOCK_CARRIED_TORCH
}

# Open MPI and PMIx look where they were built to be installed unless told otherwise.
carried_open_mpi() {
  export OPAL_PREFIX=$folder OPAL_BINDIR=$folder/bin OPAL_LIBDIR=$folder/lib OPAL_PKGLIBDIR=$folder/lib/openmpi
  export OPAL_DATADIR=$folder/share OPAL_PKGDATADIR=$folder/share/openmpi OPAL_SYSCONFDIR=$folder/etc
  export PMIX_INSTALL_PREFIX=$folder PMIX_LIBDIR=$folder/lib PMIX_PKGLIBDIR=$folder/lib/pmix
  export PMIX_DATADIR=$folder/share PMIX_PKGDATADIR=$folder/share/pmix PMIX_SYSCONFDIR=$folder/etc
}

# Names what no carried program finds here; fails if there is anything.
carried_check() (
  carried_libraries
  missing=$(ldd "$folder"/programs/* "$folder"/lib/openmpi/*.so 2>&1 | grep -E 'not found' | sort -u)
  [ -z "$missing" ] || {
    printf 'carried interlock: this machine lacks:\n%s\n' "$missing" >&2
    exit 1
  }
  echo "carried interlock: everything is found; LibTorch in ${INTERLOCK_CARRIED_TORCH%%:*}"
)

carried_run() {
  if [ $# -eq 0 ]; then
    carried_check
    exit
  fi
  INTERLOCK_CARRIED_TORCH=${INTERLOCK_CARRIED_TORCH:-$(carried_torch)} || exit 1
  export INTERLOCK_CARRIED_TORCH # found once, not by every rank
  export PATH=$folder/bin:$PATH INTERLOCK=$folder/bin/interlock INTERLOCK_MPIRUN=$folder/mpirun.sh
  exec "$@"
}
