# cpack -G DEB (or TGZ) in the build folder. LibTorch is no Debian package, so the package holds none: the small program
# looks for it (start/libtorch.h) and says what to install where it is missing.
set(CPACK_PACKAGE_NAME interlock)
set(CPACK_PACKAGE_VENDOR "the interlock authors")
# Debian wants an address; the authors have none for mail, and .invalid is nobody's. Reports go to the repository (SECURITY.md).
set(CPACK_PACKAGE_CONTACT "the interlock authors <authors@interlock.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
  "Trains one deep network cut depthwise into stages, each an MPI rank on
its own device, with the gradients of a bounded number of losses ahead
(Interlocking Backpropagation).
.
It needs LibTorch ${LIBTORCH_VERSION}, which Debian does not have: for instance the
torch package of PyPI, named by INTERLOCK_LIBTORCH or linked from
/opt/libtorch.")
set(CPACK_PACKAGE_FILE_NAME interlock_${PROJECT_VERSION}_${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1) # of the package, where the program stays the same
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${LIBTORCH_ROOT}/lib)
file(GLOB _beside ${LIBTORCH_ROOT}/../nvidia/*/lib)
list(APPEND CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${_beside})
set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-venv")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
  "cmake, g++, libopenmpi-dev, libyaml-cpp-dev, libfmt-dev, libspdlog-dev, libcli11-dev, nlohmann-json3-dev, libxxhash-dev, zlib1g-dev, libsentencepiece-dev, libturbojpeg0-dev, libhwloc-dev")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/deb/postinst)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# After installing into the package's tree, before packing it.
configure_file(${CMAKE_SOURCE_DIR}/cmake/package_tree.cmake.in ${CMAKE_BINARY_DIR}/package/package_tree.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_BINARY_DIR}/package/package_tree.cmake)
include(CPack)
