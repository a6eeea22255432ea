# cmake --install, find_package(interlock) and cpack. docs/install.md says what lies where afterwards.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/interlock)
set(_share ${CMAKE_INSTALL_DATADIR}/interlock)

# The programs. The installed one finds LibTorch where the built one does.
set_target_properties(interlock_torch PROPERTIES INSTALL_RPATH_USE_LINK_PATH TRUE)
install(TARGETS interlock RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS interlock_torch RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/interlock)

# The libraries, for programs with layers or models of their own.
get_property(_libraries GLOBAL PROPERTY INTERLOCK_LIBRARIES)
install(TARGETS ${_libraries} EXPORT interlock ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/interlock)
install(EXPORT interlock FILE interlockTargets.cmake NAMESPACE interlock:: DESTINATION ${_package})
# What they include, and what that includes; tests/install checks that it is all here.
set(_headers
  app/cli.h models/extension.h models/layer.h models/network.h models/layers/registry.h
  config/config.h config/layer_spec.h config/location.h config/scalar.h
  common/error.h common/ids.h common/log.h common/placement.h common/text.h common/version.h)
foreach(_header IN LISTS _headers)
  get_filename_component(_folder ${_header} DIRECTORY)
  install(FILES ${CMAKE_SOURCE_DIR}/src/${_header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/interlock/${_folder})
endforeach()

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/interlockConfig.cmake.in
  ${CMAKE_BINARY_DIR}/package/interlockConfig.cmake INSTALL_DESTINATION ${_package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/interlockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/package/interlockConfig.cmake ${CMAKE_BINARY_DIR}/package/interlockConfigVersion.cmake
  ${CMAKE_SOURCE_DIR}/cmake/ThirdParty.cmake ${CMAKE_SOURCE_DIR}/cmake/FindLibTorch.cmake
  ${CMAKE_SOURCE_DIR}/cmake/FindCudaParts.cmake
  DESTINATION ${_package})

# Recipes, scripts, an example, words to read. launch/train and its like build a source tree: they stay there.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/configs ${CMAKE_SOURCE_DIR}/examples DESTINATION ${_share} PATTERN build EXCLUDE)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/launch/lib/mpirun.sh DESTINATION ${_share}/launch/lib)
install(FILES ${CMAKE_SOURCE_DIR}/launch/lib/job.sh DESTINATION ${_share}/launch/lib)
install(FILES ${CMAKE_SOURCE_DIR}/launch/lib/slurm.sh DESTINATION ${_share}/launch/lib)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/launch/slurm/train.sbatch ${CMAKE_SOURCE_DIR}/launch/slurm/train_srun.sbatch
  DESTINATION ${_share}/launch/slurm)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(FILES ${CMAKE_SOURCE_DIR}/packaging/interlock.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Written by the program itself, so they are what it takes.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/package/completions.cmake @ONLY CONTENT [[
foreach(_shell bash zsh fish)
  execute_process(COMMAND "@CMAKE_BINARY_DIR@/interlock" completion ${_shell} COMMAND_ERROR_IS_FATAL ANY
    OUTPUT_FILE "@CMAKE_BINARY_DIR@/package/completion.${_shell}")
endforeach()
]])
install(SCRIPT ${CMAKE_BINARY_DIR}/package/completions.cmake)
install(FILES ${CMAKE_BINARY_DIR}/package/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME interlock)
install(FILES ${CMAKE_BINARY_DIR}/package/completion.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _interlock)
install(FILES ${CMAKE_BINARY_DIR}/package/completion.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME interlock.fish)

include(Package) # cpack
