// Certificates and keys that change under a running le-run.
#include <filesystem>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "helpers/test_pki.h"
#include "kubernetes/tls_files.h"

using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

le_run::net::TlsConfig config_of(const std::optional<std::string>& ca, const PkiIdentity& client) {
    le_run::net::TlsConfig config;
    config.ca_pem = ca;
    config.client_certificate_pem = client.certificate_pem;
    config.client_key_pem = client.key_pem;
    return config;
}

struct Arena {
    TestCa ca{"ca"};
    PkiIdentity one = ca.issue({.common_name = "one", .is_client = true});
    PkiIdentity two = ca.issue({.common_name = "two", .is_client = true});
    ScratchFolder folder;
    TlsFiles files{folder.write("ca.crt", ca.certificate_pem()),
                   folder.write("client.crt", one.certificate_pem),
                   folder.write("client.key", one.key_pem)};
    ChangingTlsFiles changing{files, config_of(ca.certificate_pem(), one)};

    const le_run::net::TlsConfig& look() {
        changing.look();
        return changing.config();
    }
};

} // namespace

TEST_CASE("tls files: a new pair is used when both halves are there") {
    Arena arena;
    CHECK(arena.look().client_key_pem == arena.one.key_pem);
    CHECK_FALSE(arena.changing.problem());

    arena.folder.write("client.crt", arena.two.certificate_pem);
    CHECK(arena.look().client_certificate_pem == arena.one.certificate_pem);
    CHECK_THAT(arena.changing.problem().value_or(""), contains("client.key does not belong"));
    arena.folder.write("client.key", arena.two.key_pem);
    CHECK(arena.look().client_certificate_pem == arena.two.certificate_pem);
    CHECK(arena.look().client_key_pem == arena.two.key_pem);
    CHECK_FALSE(arena.changing.problem());
}

TEST_CASE("tls files: a new CA is used") {
    Arena arena;
    const TestCa other("other");
    arena.folder.write("ca.crt", arena.ca.certificate_pem() + other.certificate_pem());
    CHECK(arena.look().ca_pem == arena.ca.certificate_pem() + other.certificate_pem());
}

TEST_CASE("tls files: what is gone or broken for a while leaves the old") {
    Arena arena;
    std::filesystem::remove(arena.files.client_key);
    CHECK(arena.look().client_key_pem == arena.one.key_pem);
    CHECK_THAT(arena.changing.problem().value_or(""), contains("client.key is missing"));
    arena.folder.write("client.key", "hidden");
    CHECK(arena.look().client_key_pem == arena.one.key_pem);
    CHECK_THAT(arena.changing.problem().value_or(""),
               contains("client.key holds no private key") && !contains("hidden"));
    arena.folder.write("ca.crt", "");
    CHECK(arena.look().ca_pem == arena.ca.certificate_pem());
}

TEST_CASE("tls files: links that a kubelet turns to another folder") {
    Arena arena;
    const ScratchFolder mount;
    for (const std::string version : {"1", "2"}) {
        std::filesystem::create_directory(mount.file(version));
        const auto& pair = version == "1" ? arena.one : arena.two;
        mount.write(version + "/tls.crt", pair.certificate_pem);
        mount.write(version + "/tls.key", pair.key_pem);
    }
    std::filesystem::create_symlink("1", mount.file("..data"));
    ChangingTlsFiles changing({"", mount.file("..data/tls.crt"), mount.file("..data/tls.key")},
                              config_of({}, arena.one));
    changing.look();
    CHECK(changing.config().client_key_pem == arena.one.key_pem);
    std::filesystem::create_symlink("2", mount.file("..new"));
    std::filesystem::rename(mount.file("..new"), mount.file("..data"));
    changing.look();
    CHECK(changing.config().client_key_pem == arena.two.key_pem);
    CHECK_FALSE(changing.config().ca_pem);
}

TEST_CASE("tls files: nothing from files is never looked for") {
    ChangingTlsFiles changing({}, {});
    changing.look();
    CHECK_FALSE(changing.problem());
}
