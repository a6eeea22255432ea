// CMake wants a source to compile a header for.
