// A kubeconfig file with other files beside it.
#include <fcntl.h>
#include <yaml-cpp/yaml.h>

#include "fuzz.h"
#include "kubernetes/kubeconfig.h"
#include "kubernetes/pem.h"
#include "store/lease_store.h"

using namespace le_run;
using namespace le_run::fuzz;
using namespace le_run::kubernetes;

namespace {

// In every secret of the corpus, and in no word of ours. Where the file is not even YAML, no part
// of it may be quoted.
constexpr std::string_view kMark = "5ecret";

struct Input {
    std::vector<std::string> secrets;
    bool is_yaml = false;
    bool leaves_folder = false; // names a file that is not ours to read
};

void note_user(const YAML::Node& user, Input& input) {
    for (const char* key : {"token", "password", "client-key-data"}) {
        const YAML::Node secret = user[key];
        if (secret.IsDefined() && secret.IsScalar()) {
            input.secrets.push_back(secret.Scalar());
        }
    }
}

void note_files(const YAML::Node& part, Input& input) {
    for (const char* key :
         {"certificate-authority", "client-certificate", "client-key", "tokenFile"}) {
        const YAML::Node file = part[key];
        if (file.IsDefined() && file.IsScalar()) {
            input.leaves_folder = input.leaves_folder || file.Scalar().starts_with('/') ||
                                  file.Scalar().find("..") != std::string::npos;
        }
    }
}

Input look_at(const std::string& text) {
    Input input;
    try {
        const YAML::Node root = YAML::Load(text);
        input.is_yaml = true;
        if (!root.IsMap()) {
            return input;
        }
        for (const char* list : {"users", "clusters"}) {
            const YAML::Node entries = std::as_const(root)[list];
            if (!entries.IsDefined() || !entries.IsSequence()) {
                continue;
            }
            for (const YAML::Node& entry : entries) {
                for (const char* inner : {"user", "cluster"}) {
                    if (!entry.IsMap() || !entry[inner].IsDefined() || !entry[inner].IsMap()) {
                        continue;
                    }
                    note_user(std::as_const(entry)[inner], input);
                    note_files(std::as_const(entry)[inner], input);
                }
            }
        }
    } catch (const YAML::Exception&) {
    }
    return input;
}

void check_refusal(const std::string& why, const std::string& text, const Input& input) {
    LE_CHECK(!why.empty() && why.size() <= 2003 && !has_control_characters(why));
    LE_CHECK(why.starts_with("kubeconfig /dev/shm/"));
    if (!input.is_yaml) {
        LE_CHECK(why.find(kMark) == std::string::npos);
    }
    // A secret that also stands elsewhere, as a name, is the writer's to tell.
    const bool has_aliases = text.find('*') != std::string::npos;
    for (const std::string& secret : input.secrets) {
        const bool is_marked = secret.find(kMark) != std::string::npos;
        if (is_marked && count_of(text, secret) == 1 && !has_aliases) {
            LE_CHECK(why.find(secret) == std::string::npos);
        }
    }
}

void check_taken(const ClusterConfig& config) {
    const net::Endpoint& endpoint = config.endpoint;
    const net::TlsConfig& tls = endpoint.tls_config;
    LE_CHECK(!endpoint.host.empty() && !endpoint.port.empty());
    LE_CHECK(config.token.token.empty() || is_token(config.token.token));
    LE_CHECK(!tls.ca_pem || !wrong_with_certificates(*tls.ca_pem));
    LE_CHECK(tls.client_certificate_pem.empty() == tls.client_key_pem.empty());
    LE_CHECK(tls.client_key_pem.empty() || is_pair(tls.client_certificate_pem, tls.client_key_pem));
    const bool has_secret =
        !config.token.token.empty() || !config.token.file.empty() || !tls.client_key_pem.empty();
    LE_CHECK(endpoint.tls || !has_secret);
}

// The fixtures' certificates, for kubeconfigs that name files.
const Folder& folder() {
    static const Folder made;
    static const bool filled = [] {
        std::filesystem::copy(LE_RUN_SOURCE_DIR "/tests/fixtures/kubeconfig/pki", made.file("pki"));
        return true;
    }();
    LE_CHECK(filled);
    return made;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const Input input = look_at(text);
    if (input.leaves_folder) {
        return -1; // not into the corpus
    }
    KubeconfigRequest request;
    request.kubeconfig_flag = folder().write("config", text);
    try {
        check_taken(load_cluster_config(request));
    } catch (const ConfigError& error) {
        check_refusal(error.what(), text, input);
    }
    return 0;
}
