# The CUDA runtime and NCCL that go with LibTorch, as one target: CUDA::parts. It always exists; where LibTorch has no
# CUDA, or its headers are not found, it is empty but for INTERLOCK_CUDA=0, and the program runs on CPUs only.
#
# Looked for beside the wheel (PyPI's nvidia packages, which LibTorch itself loads), then in a CUDA toolkit. The NCCL
# linked here is the one LibTorch loads: two copies in one process do not know of each other.
option(INTERLOCK_WITH_CUDA "Build the CUDA and NCCL code where LibTorch has CUDA" ON)

add_library(CUDA::parts INTERFACE IMPORTED)
set(_packages ${LIBTORCH_ROOT}/../nvidia)
set(_toolkits ${CUDA_HOME} $ENV{CUDA_HOME} /usr/local/cuda)
file(GLOB _wheel_runtimes ${_packages}/cu*)
find_path(CUDA_RUNTIME_INCLUDE cuda_runtime_api.h PATHS ${_wheel_runtimes} ${_toolkits} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(CUDA_RUNTIME_LIBRARY NAMES libcudart.so.13 libcudart.so.12 cudart
  PATHS ${_wheel_runtimes} ${_toolkits} PATH_SUFFIXES lib lib64 NO_DEFAULT_PATH)
# The wheel's first: CMake looks through the system's folders before PATHS, unless told not to.
find_path(NCCL_INCLUDE nccl.h PATHS ${_packages}/nccl PATH_SUFFIXES include NO_DEFAULT_PATH)
find_path(NCCL_INCLUDE nccl.h)
find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl PATHS ${_packages}/nccl PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(NCCL_LIBRARY NAMES libnccl.so.2 nccl)

set(INTERLOCK_HAS_CUDA FALSE)
if(INTERLOCK_WITH_CUDA AND EXISTS ${LIBTORCH_ROOT}/lib/libc10_cuda.so
    AND CUDA_RUNTIME_INCLUDE AND CUDA_RUNTIME_LIBRARY AND NCCL_INCLUDE AND NCCL_LIBRARY)
  set(INTERLOCK_HAS_CUDA TRUE)
endif()
if(INTERLOCK_HAS_CUDA)
  get_filename_component(_runtime_folder ${CUDA_RUNTIME_LIBRARY} DIRECTORY)
  get_filename_component(_nccl_folder ${NCCL_LIBRARY} DIRECTORY)
  set_target_properties(CUDA::parts PROPERTIES
    INTERFACE_COMPILE_DEFINITIONS INTERLOCK_CUDA=1
    INTERFACE_INCLUDE_DIRECTORIES "${CUDA_RUNTIME_INCLUDE};${NCCL_INCLUDE}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${CUDA_RUNTIME_INCLUDE};${NCCL_INCLUDE}"
    INTERFACE_LINK_LIBRARIES "${CUDA_RUNTIME_LIBRARY};${NCCL_LIBRARY}"
    INTERFACE_LINK_OPTIONS "-Wl,-rpath,${_runtime_folder};-Wl,-rpath,${_nccl_folder}")
  message(STATUS "CUDA: ${CUDA_RUNTIME_LIBRARY}, NCCL: ${NCCL_LIBRARY}")
else()
  set_target_properties(CUDA::parts PROPERTIES INTERFACE_COMPILE_DEFINITIONS INTERLOCK_CUDA=0)
  message(STATUS "CUDA: not found or switched off; the program will run on CPUs only")
endif()
