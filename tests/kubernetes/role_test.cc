#include "kubernetes/role.h"

#include <yaml-cpp/yaml.h>

#include "helpers/catch.h"

using namespace le_run::kubernetes;

// What it grants is for a real API server: tests/e2e/rbac_test.cc.
TEST_CASE("the Role's manifest: names stay text, whatever they look like") {
    const auto objects = YAML::LoadAll(role_manifest("1e3", "null"));
    REQUIRE(objects.size() == 3);
    for (const YAML::Node& object : objects) {
        CHECK(object["metadata"]["namespace"].Scalar() == "1e3");
        CHECK(object["metadata"]["namespace"].Tag() == "!"); // quoted
        CHECK(object["metadata"]["name"].Tag() == "!");
    }
    CHECK(objects[0]["metadata"]["name"].Scalar() == "null");
    CHECK(objects[1]["rules"].size() == 2);
    CHECK(objects[1]["rules"][1]["resourceNames"][0].Tag() == "!");
    CHECK(objects[2]["subjects"][0]["name"].Tag() == "!");
    CHECK(objects[2]["roleRef"]["name"].Scalar() == objects[1]["metadata"]["name"].Scalar());
}
