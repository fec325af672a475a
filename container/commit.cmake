# Writes FILE with the commit of SOURCE, or with COMMIT if that is given.
if(NOT COMMIT)
    execute_process(COMMAND git -C ${SOURCE} describe --always --abbrev=12 --exclude=* --dirty
        OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT COMMIT)
    set(COMMIT unknown)
endif()
file(CONFIGURE OUTPUT ${FILE} CONTENT [[
#include "base/version.h"

const char* const le_run::kCommit = "@COMMIT@";
]] @ONLY)
