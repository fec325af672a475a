#include "kubernetes/kubeconfig_context.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/config_error.h"
#include "base/small_file.h"
#include "kubernetes/base64.h"
#include "kubernetes/kubeconfig_exec.h"
#include "kubernetes/pem.h"
#include "kubernetes/server_url.h"
#include "net/proxy.h"

namespace le_run::kubernetes {
namespace {

// The text for a key that names a file, or that stands in the kubeconfig as data.
struct Bytes {
    std::string key; // the key that has the text; "": none has
    std::string text;
    std::string file{}; // empty: the text is from the kubeconfig itself
};

Bytes data_or_file(const Section& section, const char* key) {
    const std::string data_key = std::string(key) + "-data";
    if (const std::string data = section.text(data_key); !data.empty()) {
        auto bytes = decode_base64(data);
        if (!bytes) {
            section.fail(data_key, "is not base64; write the PEM text encoded by `base64 -w0`");
        }
        return {data_key, *std::move(bytes)};
    }
    const std::string path = section.text(key);
    if (path.empty()) {
        return {};
    }
    const std::string full = in_folder_of(section.file(), path);
    auto bytes = read_small_file(full, kMaxSecretFile, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        section.fail(key, "names " + full + ", which " + error->text +
                              "; correct the path, or write " + data_key + " instead");
    }
    return {std::string(key) + " (" + full + ")", std::get<std::string>(std::move(bytes)), full};
}

void read_cluster(const Section& cluster, ClusterConfig& config) {
    const std::string server = cluster.text("server");
    if (server.empty()) {
        cluster.fail("server", "is missing; write an address like https://10.0.0.1:6443");
    }
    auto endpoint = split_server_url(server);
    if (const auto* error = std::get_if<UrlError>(&endpoint)) {
        // The part before an @ may be a password.
        const bool shown = server.find('@') == std::string::npos;
        cluster.fail("server", (shown ? "\"" + server + "\" " : "") + error->text);
    }
    config.endpoint = std::get<net::Endpoint>(std::move(endpoint));
    if (const std::string url = cluster.text(net::kProxyUrlField); !url.empty()) {
        auto proxy = net::parse_proxy(url, net::kProxyUrlField);
        if (const auto* error = std::get_if<net::ProxyError>(&proxy)) {
            cluster.fail(net::kProxyUrlField, error->text);
        }
        config.endpoint.proxy = std::get<net::Proxy>(std::move(proxy));
    }

    net::TlsConfig& tls = config.endpoint.tls_config;
    tls.server_name = cluster.text("tls-server-name");
    tls.verify = !cluster.truth("insecure-skip-tls-verify");
    Bytes ca = data_or_file(cluster, "certificate-authority");
    if (ca.key.empty()) {
        return;
    }
    if (!tls.verify) {
        cluster.fail("insecure-skip-tls-verify",
                     "is true beside a certificate authority; drop one of the two");
    }
    if (const auto wrong = wrong_with_certificates(ca.text)) {
        cluster.fail(ca.key, *wrong);
    }
    tls.ca_pem = std::move(ca.text);
    config.tls_files.ca = ca.file;
}

void warn_if_unverified(const Section& cluster, ClusterConfig& config) {
    if (config.endpoint.tls && !config.endpoint.tls_config.verify) {
        config.warnings.push_back(
            "DANGER: kubeconfig " + cluster.file() +
            " sets insecure-skip-tls-verify: the server is not verified, so anybody on the way to "
            "it can read the credentials and give the lease to several replicas; give "
            "certificate-authority instead");
    }
}

void read_client_certificate(const Section& user, ClusterConfig& config) {
    Bytes certificate = data_or_file(user, "client-certificate");
    Bytes key = data_or_file(user, "client-key");
    if (certificate.key.empty() && key.key.empty()) {
        return;
    }
    if (key.key.empty()) {
        user.fail("client-key", "is missing; client-certificate needs its key");
    }
    if (certificate.key.empty()) {
        user.fail("client-certificate", "is missing; client-key needs its certificate");
    }
    if (const auto wrong = wrong_with_certificates(certificate.text)) {
        user.fail(certificate.key, *wrong);
    }
    if (const auto wrong = wrong_with_key(key.text)) {
        user.fail(key.key, *wrong);
    }
    if (!is_pair(certificate.text, key.text)) {
        user.fail(key.key, "does not belong to " + certificate.key + "; give the matching pair");
    }
    config.endpoint.tls_config.client_certificate_pem = std::move(certificate.text);
    config.endpoint.tls_config.client_key_pem = std::move(key.text);
    config.tls_files.client_certificate = certificate.file;
    config.tls_files.client_key = key.file;
}

void read_token_source(const Section& user, TokenSource& source) {
    source.token = user.text("token");
    if (!source.token.empty() && !is_token(source.token)) {
        user.fail("token", "holds blanks or special characters; write the bare token");
    }
    source.file = in_folder_of(user.file(), user.text("tokenFile"));
    if (source.file.empty()) {
        return;
    }
    const auto token = read_token(source.file);
    if (const auto* error = std::get_if<FileError>(&token); error && source.token.empty()) {
        user.fail("tokenFile", "cannot be used: " + error->text +
                                   "; write the path of a file with the bare token");
    }
}

void read_password(const Section& user, ClusterConfig& config) {
    const std::string name = user.text("username");
    const std::string password = user.text("password");
    if (name.empty() && password.empty()) {
        return;
    }
    if (!config.token.token.empty() || !config.token.file.empty()) {
        user.fail("username", "is given together with a token; keep one of the two");
    }
    config.headers.emplace_back("Authorization", "Basic " + encode_base64(name + ":" + password));
}

// `key`: the key that has the value.
void add_header(const Section& user, const std::string& key, const std::string& name,
                const std::string& value, ClusterConfig& config) {
    const bool is_plain = std::none_of(value.begin(), value.end(),
                                       [](unsigned char c) { return c < ' ' || c == 0x7f; });
    if (!is_plain) {
        user.fail(key, "holds control characters; write a name");
    }
    config.headers.emplace_back(name, value);
}

// Keeps the characters that the name of a header may have, and percent-encodes the others.
std::string header_name(const std::string& text) {
    constexpr const char* kHex = "0123456789ABCDEF";
    const std::string allowed = "!#$&'*+-.^_`|~";
    std::string name;
    for (const char c : text) {
        const bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_alphanumeric || allowed.find(c) != std::string::npos) {
            name += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        name += {'%', kHex[byte >> 4U], kHex[byte & 0xfU]};
    }
    return name;
}

void read_impersonation(const Section& user, ClusterConfig& config) {
    const std::string as = user.text("as");
    const std::string uid = user.text("as-uid");
    const auto groups = user.texts("as-groups");
    const auto extra = user.texts_by_name("as-user-extra");
    if (as.empty()) {
        if (!uid.empty() || !groups.empty() || !extra.empty()) {
            user.fail("as", "is missing; as-uid, as-groups and as-user-extra need a user");
        }
        return;
    }
    add_header(user, "as", "Impersonate-User", as, config);
    if (!uid.empty()) {
        add_header(user, "as-uid", "Impersonate-Uid", uid, config);
    }
    for (const std::string& group : groups) {
        add_header(user, "as-groups", "Impersonate-Group", group, config);
    }
    for (const auto& [name, values] : extra) {
        for (const std::string& value : values) {
            add_header(user, "as-user-extra", "Impersonate-Extra-" + header_name(name), value,
                       config);
        }
    }
}

void refuse_auth_provider(const Section& user) {
    if (!user.has("auth-provider")) {
        return;
    }
    const std::string name = user.section("auth-provider").text("name");
    std::string instead = "; write the user with an exec plugin or a tokenFile";
    if (name == "gcp") {
        instead = ", nor by kubectl since 1.26; install gke-gcloud-auth-plugin and run `gcloud "
                  "container clusters get-credentials`, which writes an exec plugin";
    }
    if (name == "azure") {
        instead = ", nor by kubectl since 1.26; install kubelogin and run `kubelogin "
                  "convert-kubeconfig`, which writes an exec plugin";
    }
    if (name == "oidc") {
        instead = "; install kubelogin (kubectl oidc-login) and name it as exec plugin";
    }
    user.fail("auth-provider", "\"" + name + "\" is not supported" + instead);
}

constexpr const char* kCredentials[] = {
    "token",      "tokenFile",          "username",
    "password",   "client-certificate", "client-certificate-data",
    "client-key", "client-key-data"};

void read_user(const Section& user, const Section& cluster,
               const std::vector<std::string>& variables, ClusterConfig& config) {
    read_impersonation(user, config);
    const bool has_others = std::any_of(std::begin(kCredentials), std::end(kCredentials),
                                        [&](const char* key) { return user.has(key); });
    if (!config.endpoint.tls) {
        if (has_others || user.has("exec")) {
            config.warnings.push_back("the credentials in kubeconfig " + user.file() +
                                      " are not used (kubectl does the same): the server is plain "
                                      "http://, where anybody could read them");
        }
        return;
    }
    refuse_auth_provider(user);
    read_client_certificate(user, config);
    read_token_source(user, config.token);
    read_password(user, config);
    if (user.has("exec") && !has_others) { // like kubectl: no plugin beside other credentials
        config.plugin =
            read_exec(user.section("exec"), cluster, config.endpoint.tls_config, variables);
    }
}

} // namespace

ClusterConfig read_context(const Kubeconfig& kubeconfig, const ContextChoice& choice,
                           const std::vector<std::string>& variables) {
    ClusterConfig config;
    config.source = "kubeconfig " + kubeconfig.name();
    const std::string name = choice.context.empty() ? kubeconfig.current_context() : choice.context;
    Section context(kubeconfig.name(), "", {});
    if (!name.empty()) {
        context =
            kubeconfig.context(name, choice.context.empty() ? "current-context" : "--context");
        config.source += ", context " + name;
        config.default_namespace = context.text("namespace");
    } else if (choice.cluster.empty()) {
        kubeconfig.fail("current-context", "is missing or empty; write the name of one of the "
                                           "contexts, or give --context");
    }

    const std::string wanted_by = "contexts[" + name + "]";
    const std::string cluster = choice.cluster.empty() ? context.text("cluster") : choice.cluster;
    if (cluster.empty()) {
        context.fail("cluster", "is missing; write the name of one of the clusters");
    }
    const Section its_cluster =
        kubeconfig.cluster(cluster, choice.cluster.empty() ? wanted_by : "--cluster");
    read_cluster(its_cluster, config);
    warn_if_unverified(its_cluster, config);
    // Without a user, le-run is anonymous, like kubectl.
    const std::string user = choice.user.empty() ? context.text("user") : choice.user;
    if (!user.empty()) {
        read_user(kubeconfig.user(user, choice.user.empty() ? wanted_by : "--user"), its_cluster,
                  variables, config);
    }
    return config;
}

} // namespace le_run::kubernetes
