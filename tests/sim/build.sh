# How the simulation is compiled, optimised and without sanitizers; for run.sh and mutants.sh, which source this file at the
# repository's top.
sim_sources=(tests/sim/{candidate,candidate_guard,candidate_host,candidate_pings,candidate_watch,client_go,main,referee,releaser,world}.cc src/election/*.cc src/leader/*.cc
    src/guard/{child_machine,hang_watch}.cc src/base/duration_text.cc src/process/signal_names.cc)

sim_compiler() { # arguments...
    $(command -v ccache) "${CXX:-g++}" -std=c++20 -O2 -Isrc -Itests "$@"
}

sim_object() { # source: the name of its object
    echo "${1//\//_}.o"
}

# Compiles all of it in `folder`, and links `folder`/sim.
build_sim() { # folder
    export -f sim_compiler sim_object
    printf '%s\n' "${sim_sources[@]}" |
        xargs -P "$(nproc)" -I{} bash -c 'sim_compiler -c "$1" -o "$2/$(sim_object "$1")"' _ {} "$1" &&
        sim_compiler "$1"/*.o -o "$1/sim"
}
