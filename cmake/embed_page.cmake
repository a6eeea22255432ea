# cmake -DFROM=PAGE -DTO=SOURCE -DNAME=FUNCTION -P embed_page.cmake: a text file as a C++ function that returns it.
file(READ ${FROM} page)
file(WRITE ${TO} "namespace interlock::config {\nconst char* ${NAME}();\nconst char* ${NAME}() {\n  return R\"page(${page})page\";\n}\n}  // namespace interlock::config\n")
