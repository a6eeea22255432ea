# Helpers that register tests. `ctest` alone runs everything, `launch/test` all but the label nightly; docs/testing.md has the labels.
set(INTERLOCK_TEST_TIMEOUT 300 CACHE STRING "Seconds after which a test counts as hung")

# `ninja tests` builds what ctest runs; `ninja program` is what scripts in Python need of it.
add_custom_target(tests)
add_dependencies(tests interlock interlock_torch)

# One Catch2 main for unit tests, one that runs the same session on every rank of an MPI job; Catch2 itself is compiled once.
foreach(_part catch_session unit_main)
  add_library(test_${_part} STATIC ${CMAKE_SOURCE_DIR}/tests/support/${_part}.cpp)
  target_include_directories(test_${_part} PUBLIC ${CMAKE_SOURCE_DIR}/tests)
  target_compile_options(test_${_part} PRIVATE ${INTERLOCK_TEST_OPTIONS})
endforeach()
target_link_libraries(test_unit_main PUBLIC test_catch_session)
add_library(test_mpi_main STATIC ${CMAKE_SOURCE_DIR}/tests/support/mpi_main.cpp)
target_link_libraries(test_mpi_main PUBLIC test_catch_session interlock::comm PRIVATE interlock_options)
target_compile_options(test_mpi_main PRIVATE ${INTERLOCK_TEST_OPTIONS})
interlock_units(test_mpi_main test_torch)

# interlock_test_program(NAME KIND SOURCES ... LINKS ...): KIND plain or torch, as in PrecompiledHeaders.cmake. Tests without
# LibTorch compile in a second each, so they stay single files, whose names may be the same.
function(interlock_test_program name kind)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} interlock_options)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE ${INTERLOCK_TEST_OPTIONS})
  interlock_units(${name} test_${kind})
  if(kind STREQUAL plain)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  add_dependencies(tests ${name})
endfunction()

# interlock_unit_test(FOLDER [TORCH]): all of tests/FOLDER/*_test.cpp as one program and one ctest entry, unit.FOLDER.
function(interlock_unit_test folder)
  cmake_parse_arguments(ARG "TORCH" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  set(kind plain)
  if(ARG_TORCH)
    set(kind torch)
  endif()
  set(links test_unit_main ${ARG_LINKS})
  if(TARGET interlock::${folder}) # tests/support has none
    list(APPEND links interlock::${folder})
  endif()
  interlock_test_program(test_${folder} ${kind} SOURCES ${sources} LINKS ${links})
  add_test(NAME unit.${folder} COMMAND test_${folder})
  set_tests_properties(unit.${folder} PROPERTIES LABELS "unit;quick" TIMEOUT ${INTERLOCK_TEST_TIMEOUT} ENVIRONMENT OMP_NUM_THREADS=1)
endfunction()

# interlock_mpi_test(NAME RANKS 2 3 5 SOURCES ... LINKS ...): one program, and one ctest entry mpi.NAME.np<R> for each
# number of ranks. More ranks than cores are fine; a hang is a failure of that name after the timeout. GRID: it runs a covering
# array of a grid of cases (tests/support/covering_array.h); nightly.NAME.np<R> runs the whole grid.
set(INTERLOCK_MPIRUN ${CMAKE_SOURCE_DIR}/launch/lib/mpirun.sh)
function(interlock_mpi_test name)
  cmake_parse_arguments(ARG "GRID" "" "RANKS;SOURCES;LINKS" ${ARGN})
  interlock_test_program(test_${name} torch SOURCES ${ARG_SOURCES} LINKS test_mpi_main ${ARG_LINKS})
  foreach(ranks IN LISTS ARG_RANKS)
    add_test(NAME mpi.${name}.np${ranks} COMMAND ${INTERLOCK_MPIRUN} ${ranks} $<TARGET_FILE:test_${name}>)
    set_tests_properties(mpi.${name}.np${ranks} PROPERTIES
      LABELS mpi TIMEOUT ${INTERLOCK_TEST_TIMEOUT})
    if(ARG_GRID)
      add_test(NAME nightly.${name}.np${ranks} COMMAND ${INTERLOCK_MPIRUN} ${ranks} $<TARGET_FILE:test_${name}>)
      set_tests_properties(nightly.${name}.np${ranks} PROPERTIES LABELS nightly PROCESSORS 2 TIMEOUT 14400
        ENVIRONMENT INTERLOCK_FULL_GRID=1)
    endif()
  endforeach()
endfunction()

# interlock_python_test(NAME LABEL SCRIPT [ALONE]): a Python script run with the program's path as its argument. Exit code 77
# means skipped, with the reason printed. ALONE: nothing else runs meanwhile, for it looks at what overlaps, or has the host's
# cores given out by somebody else.
function(interlock_python_test name label script)
  cmake_parse_arguments(ARG "ALONE" "" "" ${ARGN})
  set(environment OMP_NUM_THREADS=1 INTERLOCK_MPIRUN=${INTERLOCK_MPIRUN})
  if(NOT label STREQUAL gpu)
    list(APPEND environment CUDA_VISIBLE_DEVICES=) # equality to the last bit is a promise of CPUs
  endif()
  add_test(NAME ${label}.${name} COMMAND ${INTERLOCK_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${script} $<TARGET_FILE:interlock>)
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${INTERLOCK_TEST_TIMEOUT}
    SKIP_RETURN_CODE 77 RUN_SERIAL ${ARG_ALONE} ENVIRONMENT "${environment}")
endfunction()

# The Python beside the LibTorch in use (the wheel's virtual environment), else the system's: then the comparisons with
# PyTorch skip, with the reason.
find_program(INTERLOCK_PYTHON python3 HINTS ${LIBTORCH_ROOT}/../../../../bin NO_DEFAULT_PATH)
if(NOT INTERLOCK_PYTHON)
  find_program(INTERLOCK_PYTHON python3 REQUIRED)
endif()
