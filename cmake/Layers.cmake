# interlock_library(NAME [TORCH] [TORCH_ONLY FILE ...] [LINKS ...] [PRIVATE_LINKS ...])
#
# One folder of src/ is one static library, and its LINKS are the folders it may include: a header of any other
# folder is not on its include path. Sources are found by name, so a new file needs no line here.
# TORCH: the folder includes LibTorch. TORCH_ONLY: only these of its files do; the others are a library of their own,
# NAME_plain, for who has no LibTorch.
# In jumbo builds (CMAKE_UNITY_BUILD, see the presets) a folder's files are compiled in batches: what is in two unnamed
# namespaces of one folder must not have one name.
function(interlock_library name)
  cmake_parse_arguments(ARG "TORCH" "" "TORCH_ONLY;LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  if(ARG_TORCH_ONLY)
    list(TRANSFORM ARG_TORCH_ONLY PREPEND ${CMAKE_SOURCE_DIR}/src/${name}/)
    list(REMOVE_ITEM sources ${ARG_TORCH_ONLY})
    interlock_library_of(${name} ${name}_plain "${sources}")
    interlock_units(interlock_${name}_plain plain)
    set(sources ${ARG_TORCH_ONLY})
    list(PREPEND ARG_LINKS ${name}_plain)
  endif()
  interlock_library_of(${name} ${name} "${sources}")
  if(ARG_TORCH)
    target_link_libraries(interlock_${name} PUBLIC LibTorch::torch)
    interlock_units(interlock_${name} torch)
  else()
    interlock_units(interlock_${name} plain)
  endif()
endfunction()

# Called by interlock_library() alone, whose ARG_ variables it reads.
function(interlock_library_of folder name sources)
  add_library(interlock_${name} STATIC ${sources})
  add_library(interlock::${name} ALIAS interlock_${name})
  # Each library's headers are reached as "name/file.h" through a folder that holds only that one link.
  set(include_dir ${CMAKE_BINARY_DIR}/layers/${folder})
  file(MAKE_DIRECTORY ${include_dir})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${folder} ${include_dir}/${folder} SYMBOLIC)
  target_include_directories(interlock_${name} PUBLIC
    $<BUILD_INTERFACE:${include_dir}> "$<INSTALL_INTERFACE:include;include/interlock>")
  target_compile_features(interlock_${name} PUBLIC cxx_std_17)
  foreach(link IN LISTS ARG_LINKS)
    target_link_libraries(interlock_${name} PUBLIC interlock::${link})
  endforeach()
  target_link_libraries(interlock_${name} PRIVATE $<BUILD_INTERFACE:interlock_options> ${ARG_PRIVATE_LINKS})
  set_target_properties(interlock_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY INTERLOCK_LIBRARIES interlock_${name}) # to install
endfunction()
