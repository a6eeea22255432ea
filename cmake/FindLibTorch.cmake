# LibTorch as imported targets of our own, from a PyPI wheel or from a LibTorch archive.
#
# Why not find_package(Torch): with CMake 3.25 its CUDA probe fails under CUDA 13, and it fails where there is no
# CUDA toolkit at all, although the libraries of the same wheel link and run there.
#
# Where it looks, first hit wins: Torch_DIR (<root>/share/cmake/Torch), CMAKE_PREFIX_PATH, LIBTORCH_ROOT.
# Defines LibTorch::torch; LIBTORCH_ROOT, LIBTORCH_VERSION.
set(_hints "")
if(DEFINED ENV{Torch_DIR} AND NOT Torch_DIR)
  set(Torch_DIR $ENV{Torch_DIR})
endif()
if(Torch_DIR)
  list(APPEND _hints ${Torch_DIR}/../../..)
endif()
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH)
  # A wheel hands out <root>/share/cmake as its prefix path, an archive hands out <root>.
  list(APPEND _hints ${_prefix} ${_prefix}/../..)
endforeach()
string(REPLACE ":" ";" _env_prefixes "$ENV{CMAKE_PREFIX_PATH}")
foreach(_prefix IN LISTS _env_prefixes)
  list(APPEND _hints ${_prefix} ${_prefix}/../..)
endforeach()
list(APPEND _hints ${LIBTORCH_ROOT} $ENV{LIBTORCH_ROOT})

unset(_root)
foreach(_hint IN LISTS _hints)
  get_filename_component(_real ${_hint} REALPATH)
  if(EXISTS ${_real}/include/torch/csrc/api/include/torch/torch.h AND EXISTS ${_real}/lib/libtorch_cpu.so)
    set(_root ${_real})
    break()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
if(_root)
  set(LIBTORCH_ROOT ${_root} CACHE PATH "Root of LibTorch (the folder with include/ and lib/)" FORCE)
  set(LIBTORCH_VERSION "")
  foreach(_part MAJOR MINOR PATCH)
    file(STRINGS ${_root}/include/torch/headeronly/version.h _line REGEX "define TORCH_VERSION_${_part} ")
    string(REGEX MATCH "[0-9]+$" _number "${_line}")
    list(APPEND LIBTORCH_VERSION ${_number})
  endforeach()
  list(JOIN LIBTORCH_VERSION "." LIBTORCH_VERSION)
endif()
find_package_handle_standard_args(LibTorch REQUIRED_VARS _root VERSION_VAR LIBTORCH_VERSION
  REASON_FAILURE_MESSAGE "run launch/setup, or set Torch_DIR or CMAKE_PREFIX_PATH to an installed LibTorch")

if(_root AND NOT TARGET LibTorch::torch)
  # The wheel ships its own, newer fmt headers, which would shadow the system's and then fail to link.
  # A folder with nothing but the system's fmt goes first.
  get_target_property(_fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  set(_fmt_first ${CMAKE_BINARY_DIR}/fmt-first)
  file(MAKE_DIRECTORY ${_fmt_first})
  file(CREATE_LINK ${_fmt_include}/fmt ${_fmt_first}/fmt SYMBOLIC)

  add_library(LibTorch::torch INTERFACE IMPORTED)
  # libstdc++ first: the wheel's libtorch.so exports a std::filesystem::remove_all that jumps to address 0, and the loader
  # takes a symbol from the first library that has it. One item: CMake drops flags that it has seen before.
  set(_libs -Wl,--push-state,--no-as-needed,-lstdc++,--pop-state ${_root}/lib/libtorch.so ${_root}/lib/libtorch_cpu.so
    ${_root}/lib/libc10.so)
  # libtorch_cuda.so holds the CUDA kernels and is not linked: loading it takes longer than all else together, and most
  # processes use no GPU. src/device/cuda_kernels.cpp loads it when one is opened.
  if(EXISTS ${_root}/lib/libc10_cuda.so)
    list(APPEND _libs ${_root}/lib/libc10_cuda.so)
  endif()
  set_target_properties(LibTorch::torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_fmt_first};${_root}/include;${_root}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${_fmt_first};${_root}/include;${_root}/include/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES "${_libs}"
    # The wheel's libraries find their CUDA siblings by their own RPATH, which the linker does not follow.
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined;-Wl,-rpath,${_root}/lib")
endif()
