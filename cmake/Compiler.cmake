# Warnings, sanitizers and the compiler cache, for our own targets only.
# What is hot is LibTorch's, which is optimised already; -O3 for ours takes a tenth longer to compile (docs/results.md#set-up).
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
add_library(interlock_options INTERFACE)
target_compile_options(interlock_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi)
if(INTERLOCK_WERROR)
  target_compile_options(interlock_options INTERFACE -Werror)
endif()
if(INTERLOCK_SANITIZE)
  # Global, because a precompiled header only serves code built with the same flags.
  add_compile_options(-fsanitize=${INTERLOCK_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${INTERLOCK_SANITIZE})
  add_compile_definitions(INTERLOCK_SANITIZED)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The sloppiness settings are what ccache's manual asks for where a precompiled header is used.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
  add_compile_options(-fpch-preprocess)
endif()
