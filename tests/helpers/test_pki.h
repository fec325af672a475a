// Certificates made at run time: authorities, intermediate ones, and what they sign. EC P-256, PEM.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace le_run::test {

struct PkiIdentity {
    std::string certificate_pem; // the leaf alone
    std::string key_pem;         // PKCS#8, not encrypted
};

struct PkiRequest {
    std::string common_name;
    std::string organization{};     // Kubernetes takes it as the group
    std::vector<std::string> dns{}; // SANs
    std::vector<std::string> ips{}; // SANs, without brackets
    bool is_expired = false;        // since an hour ago
    bool is_not_yet_valid = false;  // for another hour
    bool is_client = false;         // extended key usage: client instead of server
};

class TestCa {
public:
    explicit TestCa(const std::string& common_name);              // self-signed
    TestCa(const std::string& common_name, const TestCa& signer); // intermediate
    ~TestCa();
    TestCa(TestCa&&) noexcept;

    const std::string& certificate_pem() const;
    PkiIdentity issue(const PkiRequest& request) const;

private:
    class State;
    std::unique_ptr<State> state_;
};

// A certificate that only itself vouches for.
PkiIdentity make_self_signed(const PkiRequest& request);

} // namespace le_run::test
