// A worker in C, for images with a libc of their own: says that it runs, and that it was asked to end.
#include <signal.h>
#include <unistd.h>

static void say(const char* line, unsigned long size) { (void)!write(1, line, size); }

int main(void) {
    sigset_t wanted;
    int number = 0;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, 0);
    say("started\n", 8);
    sigwait(&wanted, &number);
    say("drained\n", 8);
    return 0;
}
