# Helpers that register tests. `ctest` alone runs everything; labels: unit, mpi, command, pytorch, launch, gpu.
set(INTERLOCK_TEST_TIMEOUT 300 CACHE STRING "Seconds after which a test counts as hung")

# One Catch2 main for unit tests, one that runs the same session on every rank of an MPI job.
add_library(test_support STATIC ${CMAKE_SOURCE_DIR}/tests/support/unit_main.cpp)
target_include_directories(test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)

# interlock_unit_test(FOLDER [TORCH]): all of tests/FOLDER/*_test.cpp as one program and one ctest entry, unit.FOLDER.
function(interlock_unit_test folder)
  cmake_parse_arguments(ARG "TORCH" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  add_executable(test_${folder} ${sources})
  target_link_libraries(test_${folder} PRIVATE test_support interlock::${folder} interlock_options ${ARG_LINKS})
  if(ARG_TORCH)
    target_precompile_headers(test_${folder} REUSE_FROM torch_pch)
  endif()
  add_test(NAME unit.${folder} COMMAND test_${folder})
  set_tests_properties(unit.${folder} PROPERTIES LABELS unit TIMEOUT ${INTERLOCK_TEST_TIMEOUT} ENVIRONMENT OMP_NUM_THREADS=1)
endfunction()

# interlock_mpi_test(NAME RANKS 2 3 5 SOURCES ... LINKS ...): one program, and one ctest entry mpi.NAME.np<R> for each
# number of ranks. More ranks than cores are fine; a hang is a failure of that name after the timeout.
set(INTERLOCK_MPIRUN ${CMAKE_SOURCE_DIR}/launch/lib/mpirun.sh)
function(interlock_mpi_test name)
  cmake_parse_arguments(ARG "" "" "RANKS;SOURCES;LINKS" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/mpi_main.cpp)
  target_link_libraries(test_${name} PRIVATE interlock_options ${ARG_LINKS})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_precompile_headers(test_${name} REUSE_FROM torch_pch)
  foreach(ranks IN LISTS ARG_RANKS)
    add_test(NAME mpi.${name}.np${ranks} COMMAND ${INTERLOCK_MPIRUN} ${ranks} $<TARGET_FILE:test_${name}>)
    set_tests_properties(mpi.${name}.np${ranks} PROPERTIES
      LABELS mpi PROCESSORS 2 TIMEOUT ${INTERLOCK_TEST_TIMEOUT})
  endforeach()
endfunction()

# interlock_python_test(NAME LABEL SCRIPT): a Python script run with the program's path as its argument. Exit code 77
# means skipped, with the reason printed.
function(interlock_python_test name label script)
  set(environment OMP_NUM_THREADS=1 INTERLOCK_MPIRUN=${INTERLOCK_MPIRUN})
  if(NOT label STREQUAL gpu)
    list(APPEND environment CUDA_VISIBLE_DEVICES=) # equality to the last bit is a promise of CPUs
  endif()
  add_test(NAME ${label}.${name} COMMAND ${INTERLOCK_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${script} $<TARGET_FILE:interlock>)
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} PROCESSORS 2 TIMEOUT ${INTERLOCK_TEST_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endfunction()

# The Python beside the LibTorch in use (the wheel's virtual environment), else the system's: then the comparisons with
# PyTorch skip, with the reason.
find_program(INTERLOCK_PYTHON python3 HINTS ${LIBTORCH_ROOT}/../../../../bin NO_DEFAULT_PATH)
if(NOT INTERLOCK_PYTHON)
  find_program(INTERLOCK_PYTHON python3 REQUIRED)
endif()
