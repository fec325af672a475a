#include "kubernetes/user.h"

#include "helpers/catch.h"
#include "helpers/test_pki.h"

using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

// Web tokens; the signatures are of no account here. Encoded by hand: base64url without padding.
//   {"sub":"system:serviceaccount:prod:worker","exp":1767323045}
const std::string kServiceAccount =
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6cHJvZDp3b3JrZXIiLCJleHAiOjE3NjczM"
    "jMwNDV9.c2lnbmF0dXJl";
//   {"sub":"alice","exp":1767323045}
const std::string kPerson =
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTc2NzMyMzA0NX0.c2lnbmF0dXJl";
//   {"sub":"a\u001bb?>","exp":"soon"}
const std::string kOdd = "e30.eyJzdWIiOiJhXHUwMDFiYj8-IiwiZXhwIjoic29vbiJ9.";

//   {"kubernetes.io":{"namespace":"prod","pod":{"name":"worker-0","uid":"u
//     "}},"sub":"system:serviceaccount:prod:worker"}
const std::string kPod =
    "e30."
    "eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InByb2QiLCJwb2QiOnsibmFtZSI6Indvcmtlci0wIiwidWlkIjoidS"
    "J9fSwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OnByb2Q6d29ya2VyIn0.";

} // namespace

TEST_CASE("what a web token says of itself") {
    const auto claims = read_claims(kServiceAccount);
    REQUIRE(claims.has_value());
    CHECK(claims->subject == "system:serviceaccount:prod:worker");
    CHECK(claims->expires == std::chrono::sys_seconds(std::chrono::seconds(1'767'323'045)));
    CHECK(claims->pod.empty());
    const auto of_pod = read_claims(kPod);
    REQUIRE(of_pod.has_value());
    CHECK(of_pod->pod_namespace == "prod");
    CHECK(of_pod->pod == "worker-0");
    const auto odd = read_claims(kOdd);
    REQUIRE(odd.has_value());
    CHECK(odd->subject == "a b?>"); // a line end and a byte that is no UTF-8
    CHECK_FALSE(odd->expires.has_value());
    for (const std::string& other :
         {std::string(), std::string("opaque"), std::string("a.b"), std::string("a.b.c"),
          std::string("e30.W10.e30"), std::string("..."), std::string("e30.e30"),
          "e30." + std::string(100'000, 'A') + ".x"}) {
        CAPTURE(other.substr(0, 50));
        CHECK_FALSE(read_claims(other).has_value());
    }
    CHECK(read_claims("e30.e30.x")->subject.empty()); // {}
}

TEST_CASE("as whom the server knows us") {
    PkiRequest request;
    request.common_name = "system:le-run";
    request.is_client = true;
    const auto certificate = make_self_signed(request).certificate_pem;
    CHECK(user_of("", "").empty());
    CHECK(user_of("opaque", "").empty());
    CHECK(user_of(kServiceAccount, "") == "system:serviceaccount:prod:worker");
    CHECK(user_of(kPerson, "").empty()); // which claim is the name is the server's choice
    CHECK(user_of("", certificate) == "system:le-run");
    CHECK(user_of(kServiceAccount, certificate) == "system:le-run");
    CHECK(user_of("", "no PEM").empty());
}
