// The names of certificates: the table agrees with Go's x509.Certificate.VerifyHostname.
#include "net/certificate_names.h"

#include "helpers/catch.h"

TEST_CASE("which names a certificate's name stands for, by Go's rules") {
    struct Row {
        std::string pattern;
        std::string name;
        bool matches;
    };
    const auto row = GENERATE(values<Row>({
        {"api.example.com", "api.example.com", true},
        {"API.example.com", "api.EXAMPLE.com", true},
        {"api.example.com", "api.example.com.", true},
        {"api.example.com.", "api.example.com", false},
        {"api.example.com.", "api.example.com.", true},
        {"api.example.com", "example.com", false},
        {"example.com", "api.example.com", false},
        {"api.example.com", "xapi.example.com", false},
        {"*.example.com", "api.example.com", true},
        {"*.example.com", "api.example.com.", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.example.com", "a.b.example.com", false},
        {"*.EXAMPLE.com", "api.example.com", true},
        {"*.internal", "api.internal", true},
        {"*.com", "example.com", true},
        {"*", "localhost", true},
        {"*", "api.example.com", false},
        {"*.", "localhost", false},
        {"api.*.com", "api.example.com", false},
        {"a*.example.com", "api.example.com", false},
        {"*i.example.com", "api.example.com", false},
        {"**.example.com", "api.example.com", false},
        {"*.*.com", "api.example.com", false},
        {"*.example.com", "*.example.com", true},
        {"", "", false},
        {"", "api.example.com", false},
        {"api.example.com", "", false},
        {".", ".", false},
        {"a_b.example.com", "a_b.example.com", true},
        {"*.example.com", "_a.example.com", true},
        {"*.example.com", "-a.example.com", false},
        {"-a.example.com", "-a.example.com", true},
        {"a b", "A B", true},
        {"a..b", "a..b", true},
        {"*.b", "a b.b", false},
        {"10.0.0.1", "10.0.0.1x", false},
    }));
    CAPTURE(row.pattern, row.name);
    CHECK(le_run::net::name_matches(row.pattern, row.name) == row.matches);
}
