// The answer of a credential plugin, and what is told of one that failed.
#include "fuzz.h"
#include "kubernetes/credentials.h"
#include "kubernetes/exec_plugin.h"
#include "kubernetes/pem.h"

using namespace le_run::fuzz;
using namespace le_run::kubernetes;

namespace {

// In every secret of the corpus, and in no word of ours.
constexpr std::string_view kMark = "5ecret";

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const auto parsed = parse_plugin_answer(text, "client.authentication.k8s.io/v1");
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        LE_CHECK(!wrong->empty() && !has_control_characters(*wrong));
        LE_CHECK(wrong->find(kMark) == std::string::npos);
    } else {
        const auto& credential = std::get<PluginCredential>(parsed);
        LE_CHECK(!credential.token.empty() || !credential.certificate_pem.empty());
        LE_CHECK(credential.token.empty() || is_token(credential.token));
        LE_CHECK(credential.certificate_pem.empty() == credential.key_pem.empty());
        LE_CHECK(credential.key_pem.empty() ||
                 is_pair(credential.certificate_pem, credential.key_pem));
    }

    ExecPlugin plugin;
    plugin.name = "plugin";
    plugin.secrets = {"5ecret-of-its-environment"};
    // It prints its answer, and the same among what it says.
    const auto told =
        describe_failure(plugin, {"exited with 1", text, "5ecret-of-its-environment"});
    LE_CHECK(told.find("; it said: ***; run it by hand") != std::string::npos);
    const auto said = describe_failure(plugin, {"exited with 1", "", text});
    LE_CHECK(said.size() <= 2003 && !has_control_characters(said));
    return 0;
}
