# Every foreign library, as one target each. Only the folder that links a target can include its headers.
# Also included by the installed interlockConfig.cmake, in the projects of those who use it.
set(MPI_CXX_SKIP_MPICXX TRUE) # the C interface only
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(LibTorch REQUIRED) # cmake/FindLibTorch.cmake
include(FindCudaParts)           # CUDA::parts, after LibTorch

# MPI's headers and libraries, without its compiler flags: Open MPI 5's wrapper asks for -D_REENTRANT, which does nothing
# today but part a unit from its precompiled header.
add_library(mpi_c INTERFACE IMPORTED)
target_include_directories(mpi_c SYSTEM INTERFACE ${MPI_CXX_INCLUDE_DIRS})
target_link_libraries(mpi_c INTERFACE ${MPI_CXX_LIBRARIES})
if(MPI_CXX_LINK_FLAGS) # "-Wl,-rpath -Wl,FOLDER" in one: words of a shell
  target_link_options(mpi_c INTERFACE "SHELL:${MPI_CXX_LINK_FLAGS}")
endif()

add_library(yaml_cpp INTERFACE IMPORTED)
target_link_libraries(yaml_cpp INTERFACE yaml-cpp)

# xxhash is used in its header-only form: no library to link.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
add_library(xxhash INTERFACE IMPORTED)
target_include_directories(xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_compile_definitions(xxhash INTERFACE XXH_INLINE_ALL)

# Debian ships these two without CMake configs.
function(interlock_plain_library target header)
  find_path(${target}_INCLUDE_DIR ${header} REQUIRED)
  add_library(${target} INTERFACE IMPORTED)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIR})
  foreach(name IN LISTS ARGN)
    find_library(${name}_LIBRARY ${name} REQUIRED)
    target_link_libraries(${target} INTERFACE ${${name}_LIBRARY})
  endforeach()
endfunction()
interlock_plain_library(sentencepiece_libraries sentencepiece_processor.h sentencepiece sentencepiece_train)
interlock_plain_library(turbojpeg turbojpeg.h turbojpeg)
interlock_plain_library(hwloc_library hwloc.h hwloc)
