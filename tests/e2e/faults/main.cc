// faults: processes, networks and servers fail in every way that the promise speaks of, on real
// processes and real servers; whoever leads next must find the work gone.
//
//   faults                       process faults in which every pair of values meets, some of big
//                                trees; all others
//   faults --all                 every combination; half an hour for those of big trees alone
//   faults --rounds N --seed S   N random faults at random moments
//   faults --case NAME           those whose names begin with NAME; a random one by its full name
//   faults --list                prints the names instead of running
//   --no-server                  only those that need no API server
//   --parallel K                 so many ordinary cases at once; default 8
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "faults/matrix.h"

using namespace le_run::test::faults;

namespace {

struct Settings {
    bool all = false;
    bool list = false;
    bool no_server = false;
    int rounds = 0;
    std::uint64_t seed = 1;
    int parallel = 8;
    std::string name{};
    bool is_good = true;
};

Settings parse(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        const auto number = [&]() {
            return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0;
        };
        if (option == "--all") {
            settings.all = true;
        } else if (option == "--list") {
            settings.list = true;
        } else if (option == "--no-server") {
            settings.no_server = true;
        } else if (option == "--rounds") {
            settings.rounds = static_cast<int>(number());
        } else if (option == "--seed") {
            settings.seed = number();
        } else if (option == "--parallel") {
            settings.parallel = static_cast<int>(number());
        } else if (option == "--case" && i + 1 < argc) {
            settings.name = argv[++i];
        } else {
            settings.is_good = false;
        }
    }
    return settings;
}

std::vector<Case> choose(const Settings& settings) {
    if (!settings.name.empty()) {
        return cases_called(settings.name);
    }
    if (settings.rounds > 0) {
        return random_cases(settings.rounds, settings.seed);
    }
    return settings.all ? every_case() : default_cases();
}

} // namespace

int main(int argc, char** argv) {
    const Settings settings = parse(argc, argv);
    if (!settings.is_good) {
        std::fprintf(stderr,
                     "usage: faults [--all | --rounds N [--seed S] | --case NAME] [--no-server] "
                     "[--list] [--parallel K]\n");
        return 2;
    }
    std::vector<Case> cases = choose(settings);
    if (settings.no_server) {
        std::erase_if(cases, [](const Case& one) { return one.server != Server::kNone; });
    }
    if (settings.list) {
        for (const Case& one : cases) {
            std::printf("%s\n", one.name.c_str());
        }
        return 0;
    }
    // le-run and the worker are to die of a fault as they do without a sanitizer.
    const char* sanitizer = std::getenv("ASAN_OPTIONS");
    const std::string options = sanitizer == nullptr ? "" : std::string(sanitizer) + ":";
    ::setenv("ASAN_OPTIONS", (options + "handle_segv=0").c_str(), 1);

    const auto began = std::chrono::steady_clock::now();
    const std::vector<Finished> results = run_cases(cases, settings.parallel);
    print_matrix(results,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    if (settings.rounds > 0) {
        std::printf("seed %llu; a failed case by itself: faults --case 'ITS NAME'\n",
                    static_cast<unsigned long long>(settings.seed));
    }
    const bool all_good = std::none_of(results.begin(), results.end(), [](const Finished& one) {
        return one.verdict == Verdict::kFailed;
    });
    return !results.empty() && results.size() == cases.size() && all_good ? 0 : 1;
}
