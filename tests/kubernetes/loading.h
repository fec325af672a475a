// Loads kubeconfigs as le-run does, from fixtures, texts and lists of files.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/kubeconfig.h"
#include "store/lease_store.h"

namespace le_run::test {

const std::string kFixtures = LE_RUN_SOURCE_DIR "/tests/fixtures/kubeconfig/";

using Variables = std::map<std::string, std::string>;

inline kubernetes::KubeconfigRequest
request(std::optional<std::string> flag, Variables variables = {},
        const std::string& service_account_folder = "/nonexistent") {
    return {std::move(flag),
            [variables](const std::string& name) -> std::optional<std::string> {
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            service_account_folder};
}

inline kubernetes::ClusterConfig load(const std::string& fixture) {
    return kubernetes::load_cluster_config(request(kFixtures + fixture));
}

inline std::string complaint(const kubernetes::KubeconfigRequest& wanted) {
    try {
        kubernetes::load_cluster_config(wanted);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no complaint";
}

// A kubeconfig with one cluster and user.
inline std::string config_of(const std::string& cluster, const std::string& user) {
    return "current-context: c\n"
           "contexts:\n- {name: c, context: {cluster: c, user: u}}\n"
           "clusters:\n- name: c\n  cluster: " +
           cluster + "\nusers:\n- name: u\n  user: " + user + "\n";
}

// A folder with the fixtures' files, as pki/.
class PkiFolder : public ScratchFolder {
public:
    PkiFolder() { REQUIRE(::symlink((kFixtures + "pki").c_str(), file("pki").c_str()) == 0); }
};

inline kubernetes::ClusterConfig load_text(const std::string& text) {
    const PkiFolder folder;
    return kubernetes::load_cluster_config(request(folder.write("config", text)));
}

// Complaint about a text; it may name the files of the fixtures.
inline std::string complaint_about(const std::string& text) {
    const PkiFolder folder;
    return complaint(request(folder.write("config", text)));
}

} // namespace le_run::test
