# One precompiled header a kind of unit, compiled once for all units of that kind:
#
#   plain, torch             the program's, without and with LibTorch
#   test_plain, test_torch   tests', not optimised: they compile in half the time, and what they test is optimised
#
# GCC silently reads the text again where a unit's macros or options differ from its header's, which costs a unit with
# LibTorch 13 s; CMake's -Winvalid-pch says so, and is an error with INTERLOCK_WERROR. What would differ: fmt's FMT_SHARED
# where fmt is not linked, so it is set for all; threads' -D_REENTRANT in Open MPI's flags (cmake/ThirdParty.cmake).
set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON) # for clang; GCC does so in every unit again: 2 s of each with LibTorch
set(INTERLOCK_TEST_OPTIONS -O0)

function(interlock_pch kind)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINKS;OPTIONS" ${ARGN})
  add_library(pch_${kind} STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/pch/pch.cpp)
  target_link_libraries(pch_${kind} PRIVATE fmt::fmt ${ARG_LINKS})
  target_compile_options(pch_${kind} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(pch_${kind} PRIVATE ${ARG_HEADERS})
endfunction()

set(_folder ${CMAKE_SOURCE_DIR}/cmake/pch)
interlock_pch(plain HEADERS ${_folder}/plain.h LINKS nlohmann_json::nlohmann_json)
interlock_pch(torch HEADERS ${_folder}/torch.h LINKS LibTorch::torch)
interlock_pch(test_plain HEADERS ${_folder}/plain.h ${_folder}/test.h LINKS nlohmann_json::nlohmann_json
  OPTIONS ${INTERLOCK_TEST_OPTIONS})
interlock_pch(test_torch HEADERS ${_folder}/torch.h ${_folder}/test.h LINKS LibTorch::torch OPTIONS ${INTERLOCK_TEST_OPTIONS})

# interlock_units(TARGET KIND): its units use that header.
function(interlock_units target kind)
  target_precompile_headers(${target} REUSE_FROM pch_${kind})
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)
endfunction()
