#!/usr/bin/env bash
# oci_config.sh: prints the config.json of an OCI bundle that a container engine would make for the image in root/ beside
# it, and a user who hardens it: uid 65534 without capabilities and without new privileges, read-only but for /work,
# and the default seccomp profile: containers-common's as Debian packages it, without new namespaces, as Docker's.
# Argument by argument: what is run; environment: none but what standard input holds, a variable a line.
set -euo pipefail
architecture=$(dpkg --print-architecture)
environment=$(jq -R . | jq -s .)
jq -n --arg architecture "$architecture" --argjson environment "$environment" \
    --slurpfile profile /usr/share/containers/seccomp.json '
def fits: (.includes.caps // []) == []
    and ((.includes.arches // [$architecture]) | index($architecture)) != null
    and ((.excludes.arches // []) | index($architecture)) == null;
def namespaces: ["clone", "clone3", "unshare", "setns", "mount", "umount", "umount2", "pivot_root"];
def words: with_entries(select(.value != null and .value != []));
{
    ociVersion: "1.0.2",
    root: {path: "root", readonly: true},
    process: {user: {uid: 65534, gid: 65534}, cwd: "/", args: $ARGS.positional, env: $environment, capabilities: {},
        noNewPrivileges: true},
    mounts: [
        {destination: "/proc", type: "proc", source: "proc"},
        {destination: "/work", type: "bind", source: "root/work", options: ["bind", "rw"]}
    ],
    linux: {
        namespaces: [{type: "pid"}, {type: "mount"}, {type: "ipc"}, {type: "uts"}, {type: "network"}],
        maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
        readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
        seccomp: ($profile[0] | {
            defaultAction, defaultErrnoRet,
            syscalls: ([.syscalls[] | select(fits) | {names: (.names - namespaces), action, args, errnoRet} | words | select(.names)]
                + [{names: ["clone"], action: "SCMP_ACT_ALLOW",
                    args: [{index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]},
                   {names: (namespaces - ["clone", "clone3"]), action: "SCMP_ACT_ERRNO", errnoRet: 1}])
        } | words)
    }
}' --args -- "$@"
