#include "net/tls.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "net/address.h"
#include "net/certificate_names.h"
#include "net/certificate_text.h"

namespace le_run::net {

namespace {

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* object) const {
        function(object);
    }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Session = std::unique_ptr<SSL_SESSION, Free<SSL_SESSION_free>>;

// The places of CA certificates, from the user or from a distribution. Go uses the same.
struct SystemTrust {
    std::string file;
    std::vector<std::string> folders;
};
SystemTrust system_trust;

constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                 "/etc/pki/tls/certs/ca-bundle.crt",
                                 "/etc/ssl/ca-bundle.pem",
                                 "/etc/pki/tls/cacert.pem",
                                 "/etc/ssl/cert.pem",
                                 "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"};

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Absolute, because le-run leaves the folder that it was started in.
std::string absolute(const std::string& path) {
    return path.empty() ? "" : std::filesystem::absolute(path).string();
}

// Splits a list separated by ':', like OpenSSL and Go.
std::vector<std::string> absolute_folders(const std::string& list) {
    std::vector<std::string> folders;
    for (std::size_t begin = 0; begin < list.size();) {
        const auto end = std::min(list.find(':', begin), list.size());
        if (end > begin) {
            folders.push_back(absolute(list.substr(begin, end - begin)));
        }
        begin = end + 1;
    }
    return folders;
}

// Reads every file, whatever its name, like Go: a folder from a ConfigMap has no hashed names.
// Skips links within the folder, because it reads their files anyway.
void load_every_file(X509_STORE* store, const std::string& folder) {
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
        std::error_code error;
        const bool is_link = entry.is_symlink(error);
        const bool is_inner_link =
            is_link && !std::filesystem::read_symlink(entry.path(), error).has_parent_path();
        if (!is_inner_link && entry.is_regular_file(error)) {
            X509_STORE_load_file(store, entry.path().c_str());
        }
    }
}

std::string last_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == nullptr ? "unreadable" : reason;
}

std::vector<Certificate> read_certificates(const std::string& pem, const std::string& what) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::vector<Certificate> found;
    ERR_clear_error();
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        found.emplace_back(next);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = last_reason();
    ERR_clear_error();
    if (!at_end) {
        throw TlsConfigError("the " + what + " holds a damaged certificate: " + reason);
    }
    if (found.empty()) {
        throw TlsConfigError("the " + what + " holds no certificate in PEM form");
    }
    return found;
}

// Without this, OpenSSL would ask for the passphrase of an encrypted key on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Key read_key(const std::string& pem) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    ERR_clear_error();
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    const std::string reason = last_reason();
    ERR_clear_error();
    if (pem.find("ENCRYPTED") != std::string::npos && !key) {
        throw TlsConfigError(
            "the client key is encrypted; only a key without passphrase can be used");
    }
    if (!key) {
        throw TlsConfigError("the client key is not a private key in PEM form: " + reason);
    }
    return key;
}

Store read_store(const TlsConfig& config) {
    Store store(X509_STORE_new());
    if (config.ca_pem) {
        for (const auto& ca : read_certificates(*config.ca_pem, "CA")) {
            X509_STORE_add_cert(store.get(), ca.get());
        }
        if (!config.and_system) {
            return store;
        }
    }
    if (!system_trust.file.empty()) {
        X509_STORE_load_file(store.get(), system_trust.file.c_str());
    } else {
        for (const char* bundle : kBundles) {
            if (X509_STORE_load_file(store.get(), bundle) == 1) {
                break;
            }
        }
    }
    for (const std::string& folder : system_trust.folders) {
        load_every_file(store.get(), folder);
    }
    if (system_trust.folders.empty()) {
        X509_STORE_load_path(store.get(), "/etc/ssl/certs");
    }
    ERR_clear_error(); // if nothing was found, every server has an unknown authority
    return store;
}

std::string without_last_dot(std::string name) {
    if (name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

} // namespace

void prepare_openssl() {
    static std::once_flag once;
    std::call_once(once, [] {
        OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
        system_trust = {absolute(from_environment("SSL_CERT_FILE")),
                        absolute_folders(from_environment("SSL_CERT_DIR"))};
        ::setenv("SSL_CERT_FILE", "/dev/null", 1);
        ::setenv("SSL_CERT_DIR", "/dev/null", 1);
    });
}

class TlsClient::State {
public:
    State(const TlsConfig& config, const std::string& host)
        : expected_(without_last_dot(config.server_name.empty() ? host : config.server_name)),
          is_address_(is_ip_literal(expected_)), verify_(config.verify), is_proxy_(config.is_proxy),
          store_(read_store(config)) {
        if (config.client_certificate_pem.empty() != config.client_key_pem.empty()) {
            throw TlsConfigError("a client certificate and its key must be given together");
        }
        if (config.client_certificate_pem.empty()) {
            return;
        }
        chain_ = read_certificates(config.client_certificate_pem, "client certificate");
        key_ = read_key(config.client_key_pem);
        const bool fits = X509_check_private_key(chain_.front().get(), key_.get()) == 1;
        ERR_clear_error();
        if (!fits) {
            throw TlsConfigError("the client key does not belong to the client certificate");
        }
    }

    static State& of(const SSL_CTX* context);
    void set_up(SSL_CTX* context) const;
    int verify(X509_STORE_CTX* verification);
    void begin_handshake(SSL* connection);
    void keep(const SSL_SESSION* session) { session_.reset(SSL_SESSION_dup(session)); }

    TrustFailure trust_failure_;

private:
    std::string expected_; // name or IP literal
    bool is_address_;
    bool verify_;
    bool is_proxy_;
    Store store_;
    std::vector<Certificate> chain_; // the client's, leaf first
    Key key_;
    Session session_; // the next connection may resume it
};

namespace {

// An SSL_CTX owns a reference to its client, because connections in cpprest's pool outlive our
// objects.
struct Owner {
    std::shared_ptr<TlsClient> client;
    std::shared_ptr<AnswerLimit> limit;
};

void free_owner(void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Owner*>(owner);
}

int owner_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_owner);
    return slot;
}

int state_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

int keep_verdict(int verdict, X509_STORE_CTX*) { return verdict; }

int on_verify(X509_STORE_CTX* verification, void* state) {
    return static_cast<TlsClient::State*>(state)->verify(verification);
}

void on_info(const SSL* connection, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) != 0) {
        TlsClient::State::of(SSL_get_SSL_CTX(connection))
            .begin_handshake(const_cast<SSL*>(connection));
    }
}

// Keeps a copy: OpenSSL does not resume the session of a connection that ended without a closing
// alert, and all connections of cpprest end so.
int on_session(SSL* connection, SSL_SESSION* session) {
    TlsClient::State::of(SSL_get_SSL_CTX(connection)).keep(session);
    return 0;
}

void on_record(int is_sent, int, int type, const void* data, size_t size, SSL* connection,
               void* limit) {
    if (is_sent != 0 || type != SSL3_RT_HEADER || size != SSL3_RT_HEADER_LENGTH) {
        return;
    }
    const auto* header = static_cast<const unsigned char*>(data);
    const std::size_t length = size + header[3] * 256U + header[4];
    if (!static_cast<AnswerLimit*>(limit)->receive(length)) { // makes the next read fail
        SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

} // namespace

TlsClient::State& TlsClient::State::of(const SSL_CTX* context) {
    return *static_cast<State*>(SSL_CTX_get_ex_data(context, state_slot()));
}

void TlsClient::State::set_up(SSL_CTX* context) const {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set1_cert_store(context, store_.get());
    if (key_) {
        SSL_CTX_use_certificate(context, chain_.front().get());
        for (std::size_t i = 1; i < chain_.size(); ++i) {
            SSL_CTX_add1_chain_cert(context, chain_[i].get());
        }
        SSL_CTX_use_PrivateKey(context, key_.get());
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
    SSL_CTX_set_info_callback(context, on_info);
}

// Replaces OpenSSL's own step. Otherwise cpprest would check the name in each certificate, less
// strictly, and report only "Error in SSL handshake".
int TlsClient::State::verify(X509_STORE_CTX* verification) {
    if (!verify_) {
        return 1;
    }
    X509_STORE_CTX_set_verify_cb(verification, keep_verdict);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(verification);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    if (is_address_ && X509_VERIFY_PARAM_set1_ip_asc(rules, expected_.c_str()) != 1) {
        trust_failure_ = {"`" + expected_ + "` cannot be checked against a certificate"};
        X509_STORE_CTX_set_error(verification, X509_V_ERR_INVALID_CALL);
        return 0;
    }
    int verdict = X509_verify_cert(verification);
    X509* const leaf = X509_STORE_CTX_get0_cert(verification);
    if (verdict == 1 && !is_address_ && !is_made_for(leaf, expected_)) {
        verdict = 0;
        X509_STORE_CTX_set_error(verification, X509_V_ERR_HOSTNAME_MISMATCH);
        X509_STORE_CTX_set_current_cert(verification, leaf);
    }
    if (verdict != 1) {
        const int error = X509_STORE_CTX_get_error(verification);
        trust_failure_ =
            describe_trust_failure(error, X509_STORE_CTX_get_current_cert(verification), expected_,
                                   is_proxy_, this_clock());
    }
    return verdict;
}

void TlsClient::State::begin_handshake(SSL* connection) {
    if (!is_address_) {
        SSL_set_tlsext_host_name(connection, expected_.c_str());
    }
    // Offers a session only once, so that a session that does not work fails only one try.
    if (const Session session = std::move(session_)) {
        SSL_set_session(connection, session.get());
    }
}

TlsClient::TlsClient(const TlsConfig& config, const std::string& host) {
    prepare_openssl();
    state_ = std::make_unique<State>(config, host);
}

TlsClient::~TlsClient() = default;

void TlsClient::apply(const std::shared_ptr<TlsClient>& client, ssl_ctx_st* context,
                      const std::shared_ptr<AnswerLimit>& limit) {
    State* state = client->state_.get();
    state->set_up(context);
    SSL_CTX_set_ex_data(context, owner_slot(), new Owner{client, limit});
    SSL_CTX_set_ex_data(context, state_slot(), state);
    if (limit) {
        SSL_CTX_set_msg_callback(context, on_record);
        SSL_CTX_set_msg_callback_arg(context, limit.get());
    }
    SSL_CTX_set_cert_verify_callback(context, on_verify, state);
}

const TrustFailure& TlsClient::trust_failure() const { return state_->trust_failure_; }

} // namespace le_run::net
