#include "base/version.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>

namespace le_run {

const char* const kVersion = LE_RUN_VERSION;

std::string version_text() {
#ifdef LE_RUN_STATIC
    const std::string link = "static: glibc ";
#else
    const std::string link = "dynamic: glibc ";
#endif
    // OpenSSL's own text is "OpenSSL 3.0.15 3 Sep 2024".
    const std::string openssl = OpenSSL_version(OPENSSL_VERSION);
    return std::string("le-run ") + kVersion + "\ncommit " + kCommit + "\n" + link +
           gnu_get_libc_version() + ", " +
           openssl.substr(0, openssl.find(' ', openssl.find(' ') + 1)) +
           "\nbuilt with " LE_RUN_LIBRARIES "\n";
}

} // namespace le_run
