# interlock_library(NAME [TORCH] [LINKS ...] [PRIVATE_LINKS ...])
#
# One folder of src/ is one static library, and its LINKS are the folders it may include: a header of any other
# folder is not on its include path. Sources are found by name, so a new file needs no line here.
# TORCH: the folder includes LibTorch; it then shares the one precompiled header (40 s to compile once, 4 s to use).
add_library(torch_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/torch_pch.cpp)
target_link_libraries(torch_pch PUBLIC LibTorch::torch)
target_precompile_headers(torch_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/torch_pch.h)

function(interlock_use_torch target)
  target_link_libraries(${target} PUBLIC LibTorch::torch)
  target_precompile_headers(${target} REUSE_FROM torch_pch)
endfunction()

function(interlock_library name)
  cmake_parse_arguments(ARG "TORCH" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(interlock_${name} STATIC ${sources})
  add_library(interlock::${name} ALIAS interlock_${name})
  # Each library's headers are reached as "name/file.h" through a folder that holds only that one link.
  set(include_dir ${CMAKE_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${include_dir})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${include_dir}/${name} SYMBOLIC)
  target_include_directories(interlock_${name} PUBLIC ${include_dir})
  if(ARG_TORCH)
    interlock_use_torch(interlock_${name})
  endif()
  foreach(link IN LISTS ARG_LINKS)
    target_link_libraries(interlock_${name} PUBLIC interlock::${link})
  endforeach()
  target_link_libraries(interlock_${name} PRIVATE interlock_options ${ARG_PRIVATE_LINKS})
endfunction()
