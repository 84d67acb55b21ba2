# SPDX-License-Identifier: Apache-2.0
# Turns lua/**/*.lua, the standard plugins, the scripts for Redis and the boundary header into C arrays, so that the binary carries them.
# embed-file.cmake writes one array; embed-table.cmake writes the table `ln_embedded_files` declared in script/embedded.h.
file(GLOB_RECURSE LN_EMBED_INPUTS CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  ${CMAKE_SOURCE_DIR}/lua/*.lua ${CMAKE_SOURCE_DIR}/plugins/*.lua)
list(APPEND LN_EMBED_INPUTS core/script/api.cdef.h)
# what Redis runs to count limits
file(GLOB limit_scripts CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/core/limit/*.lua)
list(APPEND LN_EMBED_INPUTS ${limit_scripts})
# gate.start and gate.upstream of specs, for projects that have nothing but the binary
foreach(part client dir gateway http json loop process socket sys upstream)
  list(APPEND LN_EMBED_INPUTS spec/support/${part}.lua)
endforeach()
set(embed_dir ${CMAKE_BINARY_DIR}/embedded)
set(LN_EMBED_SOURCES)
foreach(input ${LN_EMBED_INPUTS})
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${input})
    continue()
  endif()
  string(MAKE_C_IDENTIFIER ${input} symbol)
  set(output ${embed_dir}/${symbol}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_SOURCE_DIR}/${input} -DOUTPUT=${output} -DSYMBOL=${symbol}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed-file.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/${input} ${CMAKE_SOURCE_DIR}/cmake/embed-file.cmake)
  list(APPEND LN_EMBED_SOURCES ${output})
  string(APPEND declarations "extern const unsigned char ln_file_${symbol}[];\nextern const unsigned long ln_file_${symbol}_size;\n")
  string(APPEND rows "    {\"${input}\", ln_file_${symbol}, &ln_file_${symbol}_size},\n")
endforeach()
file(GENERATE OUTPUT ${embed_dir}/table.c CONTENT "#include <stddef.h>
${declarations}
struct ln_embedded_file {
    const char *name;
    const unsigned char *bytes;
    const unsigned long *size;
};
extern const struct ln_embedded_file ln_embedded_files[];
const struct ln_embedded_file ln_embedded_files[] = {
${rows}    {NULL, NULL, NULL},
};
")
add_library(ln_embedded STATIC ${LN_EMBED_SOURCES} ${embed_dir}/table.c)
