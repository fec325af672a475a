#include "kubernetes/kubeconfig_file.h"

#include <cctype>
#include <utility>
#include <variant>

#include <yaml-cpp/yaml.h>

#include "kubernetes/base64.h"
#include "kubernetes/pem.h"
#include "kubernetes/server_url.h"
#include "kubernetes/small_file.h"
#include "store/lease_store.h"

namespace le_run::kubernetes {
namespace {

// A mapping of the file and the path to it; every complaint begins with both.
class Section {
public:
    Section(std::string file, std::string path, YAML::Node node)
        : file_(std::move(file)), path_(std::move(path)), node_(std::move(node)) {}

    const std::string& file() const { return file_; }

    [[noreturn]] void fail(const std::string& key, const std::string& what) const {
        const char* dot = path_.empty() || key.empty() ? "" : ".";
        throw StoreConfigError("kubeconfig " + file_ + ": " + path_ + dot + key + " " + what);
    }

    bool has(const char* key) const {
        const YAML::Node value = node_[key];
        return value.IsDefined() && !value.IsNull();
    }

    // Empty when the key is absent or null.
    std::string text(const char* key) const {
        if (!has(key))
            return {};
        const YAML::Node value = node_[key];
        if (!value.IsScalar())
            fail(key, "is a list or a mapping; write one text");
        return value.Scalar();
    }

    // The `inner` mapping of the entry with this name in a list of {name, inner}.
    Section entry(const char* list, const char* inner, const std::string& name,
                  const std::string& wanted_by) const {
        YAML::Node found;
        std::string names;
        const YAML::Node all = node_[list];
        if (all.IsDefined() && !all.IsNull() && !all.IsSequence())
            fail(list,
                 "is not a list; write a list of entries with name and " + std::string(inner));
        for (const YAML::Node& one : all) {
            if (!one.IsMap() || !one["name"].IsDefined() || !one["name"].IsScalar())
                fail(list, "has an entry without a name; write name and " + std::string(inner));
            names += (names.empty() ? "" : ", ") + one["name"].Scalar();
            if (one["name"].Scalar() != name)
                continue;
            if (found.IsMap())
                fail(list, "has two entries named \"" + name + "\"; keep one");
            found.reset(one);
        }
        if (!found.IsMap())
            fail(list, "has no entry named \"" + name + "\", which " + wanted_by + " asks for; " +
                           (names.empty() ? "the list is empty" : "it has: " + names));
        const std::string path = path_ + list + "[" + name + "]";
        const YAML::Node content = std::as_const(found)[inner];
        if (!content.IsDefined() || !content.IsMap())
            Section(file_, path, found).fail(inner, "is missing or not a mapping");
        return {file_, path + "." + inner, content};
    }

private:
    std::string file_;
    std::string path_;
    YAML::Node node_; // always a mapping
};

std::string in_folder_of(const std::string& file, const std::string& path) {
    if (path.empty() || path.front() == '/')
        return path;
    const auto slash = file.rfind('/');
    return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

// The text of a key, which is in a file, for a key that may also be there as data.
struct Bytes {
    std::string key; // where they came from, "" when nowhere
    std::string text;
};

Bytes data_or_file(const Section& section, const char* key) {
    const std::string data_key = std::string(key) + "-data";
    if (const std::string data = section.text(data_key.c_str()); !data.empty()) {
        auto bytes = decode_base64(data);
        if (!bytes)
            section.fail(data_key, "is not base64; write the PEM text encoded by `base64 -w0`");
        return {data_key, *std::move(bytes)};
    }
    const std::string path = section.text(key);
    if (path.empty())
        return {};
    const std::string full = in_folder_of(section.file(), path);
    auto bytes = read_small_file(full, kMaxSecretFile, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes))
        section.fail(key, "names " + full + ", which " + error->text);
    return {std::string(key) + " (" + full + ")", std::get<std::string>(std::move(bytes))};
}

void refuse(const Section& section, const char* key, const std::string& instead) {
    if (section.has(key))
        section.fail(key, "is not supported; " + instead);
}

bool is_proxy_url(const std::string& url) {
    for (const std::string scheme : {"http://", "https://", "socks5://"}) {
        if (!url.starts_with(scheme))
            continue;
        const auto at = url.rfind('@');
        const auto host = at == std::string::npos ? scheme.size() : at + 1;
        const auto endpoint = split_server_url("http://" + url.substr(host));
        const auto* good = std::get_if<net::Endpoint>(&endpoint);
        return good != nullptr && good->base_path.empty();
    }
    return false;
}

void read_cluster(const Section& cluster, ClusterConfig& config) {
    const std::string server = cluster.text("server");
    if (server.empty())
        cluster.fail("server", "is missing; write an address like https://10.0.0.1:6443");
    auto endpoint = split_server_url(server);
    if (const auto* error = std::get_if<UrlError>(&endpoint)) {
        // What stands before an @ would be a password.
        const bool shown = server.find('@') == std::string::npos;
        cluster.fail("server", (shown ? "\"" + server + "\" " : "") + error->text);
    }
    config.endpoint = std::get<net::Endpoint>(std::move(endpoint));

    std::string insecure = cluster.text("insecure-skip-tls-verify");
    for (char& c : insecure)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!insecure.empty() && insecure != "false" && insecure != "no" && insecure != "off")
        cluster.fail("insecure-skip-tls-verify",
                     "is \"" + insecure +
                         "\": refused, the server is always verified; remove it and give "
                         "certificate-authority");
    config.proxy_url = cluster.text("proxy-url");
    if (!config.proxy_url.empty() && !is_proxy_url(config.proxy_url))
        cluster.fail("proxy-url", "is no proxy's address; write http://HOST:PORT");

    net::TlsConfig& tls = config.endpoint.tls_config;
    tls.server_name = cluster.text("tls-server-name");
    Bytes ca = data_or_file(cluster, "certificate-authority");
    if (ca.key.empty())
        return;
    if (const auto wrong = wrong_with_certificates(ca.text))
        cluster.fail(ca.key, *wrong);
    tls.ca_pem = std::move(ca.text);
}

void read_client_certificate(const Section& user, net::TlsConfig& tls) {
    Bytes certificate = data_or_file(user, "client-certificate");
    Bytes key = data_or_file(user, "client-key");
    if (certificate.key.empty() && key.key.empty())
        return;
    if (key.key.empty())
        user.fail("client-key", "is missing; client-certificate needs its key");
    if (certificate.key.empty())
        user.fail("client-certificate", "is missing; client-key needs its certificate");
    if (const auto wrong = wrong_with_certificates(certificate.text))
        user.fail(certificate.key, *wrong);
    if (const auto wrong = wrong_with_key(key.text))
        user.fail(key.key, *wrong);
    if (!is_pair(certificate.text, key.text))
        user.fail(key.key, "does not belong to " + certificate.key + "; give the matching pair");
    tls.client_certificate_pem = std::move(certificate.text);
    tls.client_key_pem = std::move(key.text);
}

void read_token_source(const Section& user, TokenSource& source) {
    source.token = user.text("token");
    if (!source.token.empty() && !is_token(source.token))
        user.fail("token", "holds blanks or special characters; write the bare token");
    source.file = in_folder_of(user.file(), user.text("tokenFile"));
    if (source.file.empty())
        return;
    const auto token = read_token(source.file);
    if (const auto* error = std::get_if<FileError>(&token); error && source.token.empty())
        user.fail("tokenFile", "cannot serve: " + error->text);
}

void read_user(const Section& user, ClusterConfig& config) {
    constexpr const char* kInstead = "give a token, a tokenFile or a client certificate instead";
    for (const char* key : {"exec", "auth-provider", "username", "password"})
        refuse(user, key, kInstead);
    for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"})
        refuse(user, key, "give credentials of the user that le-run shall be");
    read_client_certificate(user, config.endpoint.tls_config);
    read_token_source(user, config.token);
    if (config.endpoint.tls)
        return;
    const bool has_secret = !config.token.token.empty() || !config.token.file.empty() ||
                            !config.endpoint.tls_config.client_certificate_pem.empty();
    if (has_secret)
        user.fail("", "has credentials, but the server is plain http://, where anybody could read "
                      "them; use an https:// server or a user without credentials");
}

YAML::Node parse_yaml(const std::string& file, const std::string& text) {
    try {
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        // Only the general part of the message: the rest may quote the text, and there are secrets
        // in it.
        const std::string message = error.msg.substr(0, error.msg.find(':'));
        throw StoreConfigError("kubeconfig " + file + " is not YAML: line " +
                               std::to_string(error.mark.line + 1) + ", column " +
                               std::to_string(error.mark.column + 1) + ": " + message);
    }
}

ClusterConfig read_current_context(const std::string& path, const YAML::Node& root) {
    const Section file(path, "", root);
    const std::string name = file.text("current-context");
    if (name.empty())
        file.fail("current-context", "is missing or empty; write the name of one of the contexts");
    const Section context = file.entry("contexts", "context", name, "current-context");

    ClusterConfig config;
    config.source = "kubeconfig " + path + ", context " + name;
    config.default_namespace = context.text("namespace");
    const std::string cluster = context.text("cluster");
    if (cluster.empty())
        context.fail("cluster", "is missing; write the name of one of the clusters");
    const std::string context_name = "contexts[" + name + "]";
    read_cluster(file.entry("clusters", "cluster", cluster, context_name), config);
    // Without a user le-run is anonymous, as kubectl is.
    if (const std::string user = context.text("user"); !user.empty())
        read_user(file.entry("users", "user", user, context_name), config);
    return config;
}

} // namespace

ClusterConfig read_kubeconfig(const std::string& path) {
    const auto bytes = read_small_file(path, kMaxKubeconfig, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes))
        throw StoreConfigError("kubeconfig " + path + " " + error->text);
    const YAML::Node root = parse_yaml(path, std::get<std::string>(bytes));
    if (!root.IsMap())
        throw StoreConfigError("kubeconfig " + path +
                               (root.IsNull() ? " is empty" : " is not a kubeconfig (no mapping)"));
    try {
        return read_current_context(path, root);
    } catch (const YAML::Exception&) {
        throw StoreConfigError("kubeconfig " + path + " is not a kubeconfig");
    }
}

} // namespace le_run::kubernetes
