// Two kubeconfig files as one; a line of "===" divides the input.
#include <optional>

#include "fuzz.h"
#include "kubernetes/kubeconfig.h"
#include "store/lease_store.h"

using namespace le_run;
using namespace le_run::fuzz;
using namespace le_run::kubernetes;

namespace {

// Nothing: refused.
std::optional<ClusterConfig> load(const std::string& list) {
    KubeconfigRequest request;
    request.environment = [&](const std::string& name) -> std::optional<std::string> {
        return name == "KUBECONFIG" ? std::optional(list) : std::nullopt;
    };
    try {
        return load_cluster_config(request);
    } catch (const ConfigError& error) {
        LE_CHECK(!has_control_characters(error.what()) && error.what()[0] != '\0');
        return std::nullopt;
    }
}

bool are_same(const std::optional<ClusterConfig>& a, const std::optional<ClusterConfig>& b) {
    if (!a || !b) {
        return a.has_value() == b.has_value();
    }
    return a->endpoint.host == b->endpoint.host && a->endpoint.port == b->endpoint.port &&
           a->endpoint.tls_config == b->endpoint.tls_config && a->headers == b->headers &&
           a->token.token == b->token.token && a->default_namespace == b->default_namespace;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    const std::string text(text_of(data, size));
    constexpr std::string_view kDivider = "\n===\n";
    const auto at = text.find(kDivider);
    // Files that it names are not looked for.
    if (at == std::string::npos || text.find("certificate-authority:") != std::string::npos ||
        text.find("client-") != std::string::npos || text.find("tokenFile") != std::string::npos) {
        return -1; // not into the corpus
    }
    const std::string first = folder.write("first", text.substr(0, at));
    const std::string second = folder.write("second", text.substr(at + kDivider.size()));
    const auto both = load(first + ":" + second);
    // What comes again, is missing or is no name at all changes nothing.
    LE_CHECK(are_same(both, load(first + "::" + folder.file("gone") + ":" + second + ":" + first)));
    // A file that suffices is not changed by others after it, which may only break the reading.
    const auto alone = load(first);
    LE_CHECK(!alone || !both || are_same(alone, both));
    return 0;
}
