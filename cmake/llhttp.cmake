# SPDX-License-Identifier: Apache-2.0
# llhttp: the system's library where there is one, else the generated sources of Debian's node-llhttp, strict.
find_library(LLHTTP_LIBRARY llhttp)
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/include /usr/share/include/llhttp /usr/include/llhttp)
if(NOT LLHTTP_INCLUDE)
  message(FATAL_ERROR "llhttp.h not found: install libllhttp-dev or node-llhttp")
endif()
if(LLHTTP_LIBRARY)
  add_library(ln_llhttp INTERFACE)
  target_link_libraries(ln_llhttp INTERFACE ${LLHTTP_LIBRARY})
  target_include_directories(ln_llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE})
else()
  find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH REQUIRED)
  add_library(ln_llhttp STATIC
    ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c ${LLHTTP_SOURCES}/llhttp.c)
  target_include_directories(ln_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  target_compile_options(ln_llhttp PRIVATE -w -O2)
  target_compile_definitions(ln_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
endif()
