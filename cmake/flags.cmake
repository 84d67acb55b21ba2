# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers, as one interface target that every layer links.
include(CheckCCompilerFlag)

add_library(ln_flags INTERFACE)
target_compile_options(ln_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -fno-strict-aliasing -fno-omit-frame-pointer -fno-common)
target_compile_definitions(ln_flags INTERFACE _GNU_SOURCE LN_VERSION="${PROJECT_VERSION}")
if(LN_WERROR)
  target_compile_options(ln_flags INTERFACE -Werror)
endif()

if(LN_SANITIZE)
  # gcc's instrumentation makes it warn of conversions that the code does not have; the plain build checks them.
  target_compile_options(ln_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -Wno-conversion)
  target_link_options(ln_flags INTERFACE -fsanitize=address,undefined)
else()
  # Checked string functions need the optimiser, and some distributions define the macro themselves.
  target_compile_options(ln_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

# Hardening that costs nothing worth measuring; what the compiler or the processor does not know is left out.
foreach(option -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-plt)
  string(MAKE_C_IDENTIFIER "HAS${option}" has)
  check_c_compiler_flag(${option} ${has})
  if(${has})
    target_compile_options(ln_flags INTERFACE ${option})
  endif()
endforeach()
target_link_options(ln_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
# Executables are position independent; the option must not reach shared libraries, which link this target too.
target_link_options(ln_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

# The gateway is optimised as a whole when it is linked, which takes eight of a hundred instructions off a request, and some
# seconds. Objects hold ordinary code too, with which all else is linked; compilers that cannot do both are not asked.
option(LN_LTO "optimise the gateway as a whole when it is linked (gcc)" ON)
if(LN_LTO AND NOT LN_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(ln_flags INTERFACE -flto=auto -ffat-lto-objects)
  target_link_options(ln_flags INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:LN_WHOLE_PROGRAM>>,-flto=auto,-fno-lto>)
endif()
