// Preloaded into le-run: SIGTERM comes as soon as the dynamic linker is done, before main.
#include <csignal>

__attribute__((constructor)) static void stop_at_once() { ::raise(SIGTERM); }
