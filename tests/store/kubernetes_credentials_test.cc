// As whom the Kubernetes store comes to a real kube-apiserver.
#include "store/kubernetes_place.h"

using namespace le_run;
using namespace le_run::test;

TEST_CASE("kubernetes: credentials that the server does not know") {
    Place place;
    place.use("{token: hidden-and-wrong}");
    const auto outcome = place.read();
    const auto& failure = failure_in(outcome);
    CHECK(failure.kind == election::Failure::Kind::kDenied);
    CHECK_THAT(failure.text, contains("does not accept our credentials (401") &&
                                 contains("they come from kubeconfig ") && !contains("hidden"));
}

TEST_CASE("kubernetes: a token that was replaced in its file is used at once") {
    Place place;
    const ScratchFolder folder;
    const std::string path = folder.write("token", "outdated");
    place.use("{tokenFile: " + path + "}");
    CHECK(failure_in(place.read()).kind == election::Failure::Kind::kDenied);
    folder.write("token", kAdminToken);
    CHECK(describe(place.read()) == "Absent");
    place.must_write(record_of("a"), {});

    // The same inside a write.
    folder.write("token", "outdated");
    place.use("{tokenFile: " + path + "}");
    folder.write("token", kAdminToken);
    place.must_write(record_of("b"), std::get<election::StoredLease>(place.read()));
}

TEST_CASE("kubernetes: a client certificate serves as well as a token") {
    Place place;
    const auto& access = shared_api_server();
    place.use("{client-certificate: " + access.file("admin.crt") +
              ", client-key: " + access.file("admin.key") + "}");
    place.must_write(record_of("a"), {});
    CHECK(describe(place.read()) == "Found a");
}

TEST_CASE("kubernetes: impersonation: the user, and each group by itself") {
    Place place;
    const std::string as_jane = std::string("{token: ") + kAdminToken + ", as: jane";
    place.use(as_jane + "}");
    CHECK_THAT(failure_in(place.read()).text, contains("User \"jane\" cannot get"));
    place.use(as_jane + ", as-groups: [dev, \"system:masters\"], as-user-extra: {why: [a, b]}}");
    CHECK(describe(place.read()) == "Absent");
    place.must_write(record_of("a"), {});
}
