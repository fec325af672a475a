#include <chrono>

#include <nlohmann/json.hpp>

#include "helpers/catch.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::store;
using le_run::test::contains;

namespace {

// A Lease as an API server sends it, with everything that le-run does not know.
constexpr const char* kReceived = R"({
  "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
  "metadata": {
    "name": "worker", "namespace": "batch", "uid": "0d8c", "resourceVersion": "421",
    "labels": {"team": "a"}, "annotations": {"note": "\u00e9\u0000"},
    "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {".": {}}}}]
  },
  "spec": {
    "holderIdentity": "host_1", "leaseDurationSeconds": 15,
    "acquireTime": "2026-01-02T03:04:05.123456Z", "renewTime": "2026-01-02T03:04:06.000001Z",
    "leaseTransitions": 3, "strategy": "OldestEmulationVersion", "big": 9223372036854775807, "half": 0.5
  },
  "more": [1, {"x": null}]
})";

LeaseObject parsed(const std::string& text) {
    const auto result = parse_lease_object(text);
    if (const auto* bad = std::get_if<Malformed>(&result)) {
        FAIL("malformed: " + bad->text);
    }
    return std::get<LeaseObject>(result);
}

std::string why_malformed(const std::string& text) {
    const auto result = parse_lease_object(text);
    const auto* bad = std::get_if<Malformed>(&result);
    return bad != nullptr ? bad->text : "it was read";
}

std::string edited(const std::string& text, const LeaseRecord& record, const char* version) {
    return edit_lease_object(*parsed(text).object, record, version);
}

std::string lease_with_spec(const std::string& spec) {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","spec":)" + spec + "}";
}

std::optional<std::int64_t> micros(const std::string& text) {
    const auto time = parse_micro_time(text);
    const auto* good = std::get_if<WallTime>(&time);
    return good != nullptr ? std::optional(good->microseconds) : std::nullopt;
}

LeaseRecord sample_record() {
    return {{"host_2"}, 20, WallTime{1'767'323'045'123'456}, WallTime{1'767'323'046'000'000}, 4};
}

} // namespace

TEST_CASE("a Lease is read") {
    const auto lease = parsed(kReceived);
    CHECK(lease.name == "worker");
    CHECK(lease.uid == "0d8c");
    CHECK(lease.resource_version == "421");
    CHECK(lease.record.holder.text == "host_1");
    CHECK(lease.record.lease_duration_seconds == 15);
    CHECK(lease.record.acquire_time == WallTime{1'767'323'045'123'456});
    CHECK(lease.record.renew_time == WallTime{1'767'323'046'000'001});
    CHECK(lease.record.transitions == 3);
}

TEST_CASE("nothing and null mean nobody") {
    for (const char* spec :
         {"{}", "null", R"({"holderIdentity":null,"leaseDurationSeconds":null,"acquireTime":null,
                             "renewTime":null,"leaseTransitions":null})",
          R"({"holderIdentity":""})"}) {
        CAPTURE(spec);
        CHECK(parsed(lease_with_spec(spec)).record == LeaseRecord{});
    }
    CHECK(parsed(R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1beta1"})").record ==
          LeaseRecord{});
}

TEST_CASE("an edit replaces the record and the version, and keeps everything else") {
    const std::string text = edited(kReceived, sample_record(), "777");
    const auto lease = parsed(text);
    CHECK(lease.record == sample_record());
    CHECK(lease.resource_version == "777");

    auto expected = nlohmann::json::parse(kReceived);
    expected["metadata"]["resourceVersion"] = "777";
    expected["spec"]["holderIdentity"] = "host_2";
    expected["spec"]["leaseDurationSeconds"] = 20;
    expected["spec"]["acquireTime"] = "2026-01-02T03:04:05.123456Z";
    expected["spec"]["renewTime"] = "2026-01-02T03:04:06.000000Z";
    expected["spec"]["leaseTransitions"] = 4;
    CHECK(nlohmann::json::parse(text) == expected);
    // The order too, so that a file stays readable.
    CHECK(text.find("\"kind\"") < text.find("\"metadata\""));
    CHECK(text.find("\"managedFields\"") < text.find("\"holderIdentity\""));
}

TEST_CASE("an edit removes what the record does not have, and makes a spec where there is none") {
    const auto spec = nlohmann::json::parse(edited(kReceived, LeaseRecord{}, "1")).at("spec");
    CHECK(spec.at("holderIdentity") == "");
    CHECK(spec.at("leaseTransitions") == 0);
    CHECK(spec.at("strategy") == "OldestEmulationVersion");
    CHECK_FALSE(spec.contains("leaseDurationSeconds"));
    CHECK_FALSE(spec.contains("acquireTime"));
    CHECK_FALSE(spec.contains("renewTime"));

    for (const char* empty : {"null", "{}"}) {
        CHECK(parsed(edited(lease_with_spec(empty), sample_record(), "1")).record ==
              sample_record());
    }
}

TEST_CASE("a new object is what client-go creates") {
    const auto made = nlohmann::json::parse(make_lease_object("batch", "worker", sample_record()));
    CHECK(made == nlohmann::json::parse(R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1",
        "metadata":{"name":"worker","namespace":"batch"},
        "spec":{"holderIdentity":"host_2","leaseDurationSeconds":20,
                "acquireTime":"2026-01-02T03:04:05.123456Z","renewTime":"2026-01-02T03:04:06.000000Z",
                "leaseTransitions":4}})"));
    const auto in_file = nlohmann::json::parse(make_lease_object("", "worker", sample_record()));
    CHECK_FALSE(in_file.at("metadata").contains("namespace"));
}

TEST_CASE("a holder that is not UTF-8 is written as something that is") {
    LeaseRecord record = sample_record();
    record.holder.text = "host\xff\xc3";
    CHECK_THAT(make_lease_object("n", "w", record), contains("host\xef\xbf\xbd"));
    CHECK(parsed(make_lease_object("n", "w", record)).record.lease_duration_seconds == 20);
}

TEST_CASE("what cannot be read says why and never throws") {
    struct Row {
        std::string text, wanted;
    };
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    const auto row = GENERATE_COPY(values<Row>({
        {"", "not JSON"},
        {"<html>", "not JSON (at byte 1)"},
        {std::string(kReceived).substr(0, 300), "not JSON"},
        {std::string(kReceived) + "x", "not JSON"},
        {"\"a\xff\"", "not JSON"},
        {std::string("{\"a\":\"\0\"}", 9), "not JSON"},
        {"null", "it is null, not an object"},
        {"[]", "it is a list, not an object"},
        {"7", "it is a number, not an object"},
        {"{}", "not a Lease"},
        {R"({"kind":"Pod","apiVersion":"v1"})", "not a Lease"},
        {R"({"kind":"Lease","apiVersion":"v1"})", "not a Lease"},
        {R"({"kind":1})", "`object.kind` is a number, not a text"},
        {lease_with_spec("7"), "`spec` is a number, not an object"},
        {lease_with_spec("[]"), "`spec` is a list"},
        {lease_with_spec(R"({"holderIdentity":5})"),
         "`spec.holderIdentity` is a number, not a text"},
        {lease_with_spec(R"({"leaseDurationSeconds":"15"})"),
         "`spec.leaseDurationSeconds` is a text, not a whole"},
        {lease_with_spec(R"({"leaseDurationSeconds":1.5})"), "not a whole number"},
        {lease_with_spec(R"({"leaseDurationSeconds":0})"), "is 0, not between 1 and 2147483647"},
        {lease_with_spec(R"({"leaseDurationSeconds":-1})"), "is -1, not between"},
        {lease_with_spec(R"({"leaseDurationSeconds":2147483648})"), "not between"},
        {lease_with_spec(R"({"leaseDurationSeconds":18446744073709551615})"), "not between"},
        {lease_with_spec(R"({"leaseDurationSeconds":-9223372036854775808})"), "not between"},
        {lease_with_spec(R"({"leaseDurationSeconds":18446744073709551616})"),
         "a number is too large"},
        {lease_with_spec(R"({"x":1e999})"), "not JSON"},
        {lease_with_spec(R"({"leaseTransitions":-1})"), "`spec.leaseTransitions` is -1"},
        {lease_with_spec(R"({"leaseTransitions":true})"), "is true or false, not a whole number"},
        {lease_with_spec(R"({"renewTime":1})"), "`spec.renewTime` is a number, not a time"},
        {lease_with_spec(R"({"renewTime":"yesterday"})"), "`spec.renewTime` is not a time like"},
        {lease_with_spec(R"({"acquireTime":{}})"), "`spec.acquireTime` is an object, not a time"},
        {lease_with_spec(R"({"holderIdentity":"a","holderIdentity":"b"})"),
         "the key \"holderIdentity\" is given twice"},
        {R"({"kind":"Lease","kind":"Lease","apiVersion":"coordination.k8s.io/v1"})", "given twice"},
        {R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":[]})",
         "`metadata` is a list"},
        {R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"uid":{}}})",
         "`metadata.uid` is an"},
        {R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"resourceVersion":1}})",
         "`metadata.resourceVersion` is a number"},
        {deep, "nested deeper than 64 levels"},
        {lease_with_spec(R"({"x":)" + std::string(70, '[') + std::string(70, ']') + "}"),
         "nested deeper"},
    }));
    CAPTURE(row.text.substr(0, 200));
    CHECK_THAT(why_malformed(row.text), contains(row.wanted));
}

TEST_CASE("a Lease with as many labels and annotations as a server stores is read") {
    std::string labels;
    for (int i = 0; i < 80'000; ++i) {
        labels += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":\"\"";
    }
    const auto with_labels = [](const std::string& members) {
        return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"labels":{)" +
               members + R"(}},"spec":{"holderIdentity":"a"}})";
    };
    // A megabyte: searched for each key, it took 14 s, in which nothing was renewed. Reading it
    // takes at most a hundred times what a thousandth of it takes a thousand times.
    const auto seconds = [&](const std::string& text, int times) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < times; ++i) {
            CHECK(parsed(text).record.holder.text == "a");
        }
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const double of_few = seconds(with_labels(labels.substr(0, labels.find(",\"k80\""))), 1000);
    CHECK(seconds(with_labels(labels), 1) < 20 * of_few);

    const auto again = parse_json(edited(with_labels(labels), sample_record(), "7"));
    CHECK(std::get<nlohmann::ordered_json>(again)["metadata"]["labels"].size() == 80'000);
    CHECK(why_malformed(with_labels(labels + ",\"k40000\":\"\"")) ==
          "the key \"k40000\" is given twice");
}

TEST_CASE("every truncation and every flipped byte of a Lease is survived") {
    const std::string text = kReceived;
    for (std::size_t i = 0; i < text.size(); ++i) {
        why_malformed(text.substr(0, i));
        for (const char byte : {'\0', '"', '{', ']', '9', '\xff'}) {
            std::string changed = text;
            changed[i] = byte;
            const auto result = parse_lease_object(changed);
            if (const auto* lease = std::get_if<LeaseObject>(&result)) {
                const auto written = edit_lease_object(*lease->object, sample_record(), "1");
                CHECK(std::holds_alternative<nlohmann::ordered_json>(parse_json(written)));
            }
        }
    }
}

TEST_CASE("times are written with exactly six decimals and Z") {
    CHECK(format_micro_time(WallTime{0}) == "1970-01-01T00:00:00.000000Z");
    CHECK(format_micro_time(WallTime{1'767'323'045'123'456}) == "2026-01-02T03:04:05.123456Z");
    CHECK(format_micro_time(WallTime{-1}) == "1969-12-31T23:59:59.999999Z");
    CHECK(format_micro_time(WallTime{951'782'400'000'001}) == "2000-02-29T00:00:00.000001Z");
    CHECK(format_micro_time(WallTime{INT64_MAX}) == "9999-12-31T23:59:59.999999Z");
    CHECK(format_micro_time(WallTime{INT64_MIN}) == "0001-01-01T00:00:00.000000Z");
}

TEST_CASE("times of others are read leniently") {
    const std::int64_t t = 1'767'323'045'000'000; // 2026-01-02T03:04:05Z
    CHECK(micros("2026-01-02T03:04:05Z") == t);
    CHECK(micros("2026-01-02T03:04:05.5Z") == t + 500'000);
    CHECK(micros("2026-01-02T03:04:05.123456789Z") == t + 123'456);
    CHECK(micros("2026-01-02T03:04:05+00:00") == t);
    CHECK(micros("2026-01-02T05:04:05.000001+02:00") == t + 1);
    CHECK(micros("2026-01-01T21:34:05-05:30") == t);
    CHECK(micros("0001-01-01T00:00:00Z").has_value());
    CHECK(micros("9999-12-31T23:59:59.999999Z").has_value());
    // A server takes 9999-12-31T23:59:59-05:00, and shows it in UTC.
    const auto latest = *micros("9999-12-31T23:59:59.999999Z");
    CHECK(micros("10000-01-01T00:00:00.000000Z") == latest + 1);
    CHECK(micros("9999-12-31T23:59:59.999999-05:00") == latest + 5 * 3'600'000'000LL);
    CHECK(micros("292277026596-02-29T15:30:07.999999Z") == latest);
    CHECK(micros("-0001-12-31T23:00:00.000000Z") < micros("0000-01-01T00:00:00Z"));
    CHECK(micros("-99999-12-31T23:00:00.000000Z") == micros("0001-01-01T00:00:00Z"));
}

TEST_CASE("what is no time") {
    for (const char* text : {"",
                             "2026",
                             "2026-01-02",
                             "2026-01-02 03:04:05Z",
                             "2026-01-02T03:04:05",
                             "2026-01-02T03:04:05.Z",
                             "2026-02-29T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-01-32T00:00:00Z",
                             "2026-01-02T24:00:00Z",
                             "2026-01-02T00:60:00Z",
                             "2026-01-02T00:00:60Z",
                             "2026-01-02T03:04:05+0200",
                             "2026-01-02T03:04:05+24:00",
                             "2026-01-02T03:04:05Zx",
                             " 2026-01-02T03:04:05Z",
                             "09999-01-02T03:04:05Z",
                             "-026-01-02T03:04:05Z",
                             "2026-01-02T03:04:05.1234567890123456789Z",
                             "2026-01-02T03:04:05,5Z"}) {
        CAPTURE(text);
        CHECK_FALSE(micros(text).has_value());
    }
}

TEST_CASE("a fraction after an earlier mistake in a time ends the reading") {
    // It was read for ever: nothing was taken any more, and the digits stayed.
    CHECK_FALSE(micros("2026-01-02T03:.5-23:59").has_value());
    CHECK_FALSE(micros(".5").has_value());
    CHECK(why_malformed(lease_with_spec(R"({"renewTime":".5"})")) ==
          "`spec.renewTime` is not a time like 2026-01-02T03:04:05.123456Z");
}

TEST_CASE("a time survives writing and reading") {
    std::int64_t value = -62'135'596'800'000'000; // the year 1
    for (int i = 0; i < 2000; ++i, value += 157'000'000'123'457) {
        CAPTURE(value);
        CHECK(micros(format_micro_time(WallTime{value})) == value);
    }
}

TEST_CASE("a Status is read") {
    const auto result =
        parse_api_status(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
        "message":"leases.coordination.k8s.io \"w\" not found","reason":"NotFound",
        "details":{"name":"w","group":"coordination.k8s.io","kind":"leases"},"code":404})");
    REQUIRE(std::holds_alternative<ApiStatus>(result));
    const auto& status = std::get<ApiStatus>(result);
    CHECK(status.reason == "NotFound");
    CHECK(status.message == "leases.coordination.k8s.io \"w\" not found");
    CHECK(status.details_name == "w");
    CHECK(status.details_kind == "leases");
    for (const char* text :
         {"", "404 page not found", "{}", "[]", "null", R"({"kind":"Lease"})", R"({"kind":1})"}) {
        CAPTURE(text);
        CHECK(std::holds_alternative<Malformed>(parse_api_status(text)));
    }
    // Wrong types inside say nothing, like absence.
    const auto odd = parse_api_status(
        R"({"kind":"Status","reason":1,"message":[],"details":{"name":{},"kind":null}})");
    REQUIRE(std::holds_alternative<ApiStatus>(odd));
    CHECK(std::get<ApiStatus>(odd).reason.empty());
    CHECK(std::get<ApiStatus>(odd).details_name.empty());
    CHECK(
        std::holds_alternative<ApiStatus>(parse_api_status(R"({"kind":"Status","details":"x"})")));
}
