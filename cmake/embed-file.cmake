# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=file -DOUTPUT=file.c -DSYMBOL=name -P embed-file.cmake: the file's bytes as a C array.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "extern const unsigned char ln_file_${SYMBOL}[];
extern const unsigned long ln_file_${SYMBOL}_size;
const unsigned char ln_file_${SYMBOL}[] = {${bytes}0x00};
const unsigned long ln_file_${SYMBOL}_size = ${size};
")
