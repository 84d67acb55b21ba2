# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers, as one interface target that every layer links.
add_library(ln_flags INTERFACE)
target_compile_options(ln_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -fno-strict-aliasing -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(ln_flags INTERFACE _GNU_SOURCE LN_VERSION="${PROJECT_VERSION}")
if(LN_WERROR)
  target_compile_options(ln_flags INTERFACE -Werror)
endif()
if(LN_SANITIZE)
  target_compile_options(ln_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(ln_flags INTERFACE -fsanitize=address,undefined)
else()
  target_compile_definitions(ln_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
target_link_options(ln_flags INTERFACE -pie -Wl,-z,relro,-z,now)
