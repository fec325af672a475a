// test-awkward SHAPE...: a process tree that is hard to end, for the tests; the shapes are in
// awkward_shapes.h. Its main process stays, or ends with code 7 for quick-exit.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

#include "helpers/awkward_shapes.h"

int main(int argc, char** argv) {
    const std::vector<std::string> shapes(argv + 1, argv + argc);
    if (!le_run::test::make_awkward(shapes)) {
        std::fprintf(stderr, "test-awkward: unknown shape\n");
        return 2;
    }
    if (std::find(shapes.begin(), shapes.end(), "quick-exit") != shapes.end()) {
        return 7;
    }
    for (;;) {
        ::pause();
    }
}
