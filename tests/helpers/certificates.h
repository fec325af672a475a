// A certificate authority of a test's own, and what it signs. EC P-256 keys, PEM, valid for a day.
#pragma once

#include <string>

namespace le_run::test {

struct Certificate {
    std::string certificate_pem;
    std::string
        key_pem; // "EC PRIVATE KEY": the form that kube-apiserver also takes as a public key
};

// Self-signed; may sign others.
Certificate make_authority(const std::string& common_name);

// Signed by `authority`, for servers and clients. `alternative_names` as OpenSSL writes them:
// "IP:127.0.0.1,DNS:x"; empty: none. Kubernetes takes the common name as the user, the organization
// as the group.
Certificate make_certificate(const Certificate& authority, const std::string& common_name,
                             const std::string& organization, const std::string& alternative_names);

} // namespace le_run::test
