// The configuration file, where it stands among the places, and --print-config.
#include "helpers/catch.h"

#include "helpers/scratch_folder.h"
#include "options/config_file.h"
#include "options/option_table.h"
#include "options/options.h"
#include "options/print_config.h"

namespace le_run::test {

using namespace le_run::options;
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

class ConfigFile {
public:
    explicit ConfigFile(const std::string& text) : path_(folder_.write("le-run.yaml", text)) {}
    const std::string& path() const { return path_; }

    std::variant<Options, JustPrint> parse(Words flags, Words environment = {}) const {
        flags.insert(flags.begin(), {"--config", path_});
        flags.insert(flags.end(), {"--", "true"});
        environment.emplace_back("PATH=/usr/bin:/bin");
        return parse_options(flags, environment);
    }
    Options options(const Words& flags = {}, const Words& environment = {}) const {
        return std::get<Options>(parse(flags, environment));
    }
    std::string printed(Words flags = {}, const Words& environment = {}) const {
        flags.emplace_back("--print-config");
        return std::get<JustPrint>(parse(flags, environment)).text;
    }
    // What is said behind "PATH:".
    std::string refused() const {
        try {
            parse({});
        } catch (const OptionsError& error) {
            CHECK(error.code() == 125);
            const std::string text = error.what();
            INFO(text);
            CHECK(text.starts_with(path_ + ":"));
            return text.substr(std::min(text.size(), path_.size() + 1));
        }
        return "accepted";
    }

private:
    ScratchFolder folder_;
    std::string path_;
};

std::string refused(const std::string& text) { return ConfigFile(text).refused(); }

} // namespace

TEST_CASE("config file: the lock and what belongs to it", "[options]") {
    const Options file = ConfigFile("# a comment\nlock: file:///tmp/lease\n").options();
    CHECK(std::get<file_store::FileLock>(file.lock).path == "/tmp/lease");
    CHECK(file.election_off.empty());
    const Options kubernetes =
        ConfigFile("lease-lock-name: a\nlease-lock-namespace: b\nkubeconfig: /k\n"
                   "context: c\ncluster: d\nuser: e\n")
            .options();
    const auto& lock = std::get<kubernetes_store::KubernetesLock>(kubernetes.lock);
    CHECK(lock.name == "a");
    CHECK(lock.lease_namespace == "b");
    CHECK(lock.kubeconfig == "/k");
    CHECK(lock.context + lock.cluster + lock.user == "cde");
}

TEST_CASE("config file: flag over environment over file over default", "[options]") {
    const ConfigFile file("lock: file:///f\nlease-duration: 31s\nretry-period: 3s\n"
                          "renew-deadline: 13s\n");
    const auto timing = file.options({"--lease-duration=33s"},
                                     {"LE_RUN_LEASE_DURATION=32s", "LE_RUN_RETRY_PERIOD=4s"})
                            .election.timing;
    CHECK(timing.lease_duration == 33s);
    CHECK(timing.retry_period == 4s);
    CHECK(timing.renew_deadline == 13s);
    CHECK_FALSE(timing.lost_grace);
    // Two names of one setting: the place decides, too.
    const Options by_variable = file.options({}, {"LE_RUN_LEASE_LOCK_NAME=b"});
    CHECK(std::get<kubernetes_store::KubernetesLock>(by_variable.lock).name == "b");
    // What has no meaning for the lock that wins is dropped with what it belonged to.
    const Options by_flag =
        ConfigFile("lease-lock-name: a\nlease-lock-namespace: b\n").options({"--lock=k8s://x/y"});
    CHECK(std::get<kubernetes_store::KubernetesLock>(by_flag.lock).lease_namespace == "x");
}

TEST_CASE("config file: named in the environment, too", "[options]") {
    const ScratchFolder folder;
    const std::string path = folder.write("le-run.yaml", "lock: file:///f\n");
    const auto options = std::get<Options>(
        parse_options({"--", "true"}, {"LE_RUN_CONFIG=" + path, "PATH=/usr/bin:/bin"}));
    CHECK(std::get<file_store::FileLock>(options.lock).path == "/f");
    CHECK(options.environment == Words{"PATH=/usr/bin:/bin"});
}

TEST_CASE("config file: nothing in it is nothing given", "[options]") {
    for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "{}"}) {
        INFO(text);
        CHECK(ConfigFile(text).options({"--lock=file:///f"}).election.timing.lease_duration == 15s);
    }
}

TEST_CASE("config file: what is wrong, where, and what to write", "[options]") {
    struct Row {
        std::string text;
        std::vector<std::string> parts;
    };
    const std::vector<Row> rows{
        {"\nleaseDuration: 15s", {"2: unknown key \"leaseDuration\"", "write lease-duration"}},
        {"LEASE_DURATION: 15s", {"1: ", "write lease-duration"}},
        {"--lock: file:///x", {"1: ", "write lock"}},
        {"leese-duration: 15s", {"write lease-duration"}},
        {"colour: red", {"1: unknown key \"colour\"", "le-run --help"}},
        {"leader-elect-lease-duration: 15s", {"unknown key", "le-run --help"}},
        {"config: x", {"1: \"config\" cannot be in a file", "--config"}},
        {"print-config: true", {"cannot be in a file"}},
        {"id: !!binary aGk=", {"1: id: has a tag (tag:yaml.org,2002:binary)", "TEXT"}},
        {"id: !!binarx5ecret a", {"1: id: has a tag (a word that begins with \"!\")", "quotes"}},
        {"id: !a5ecret b", {"1: id: has a tag (a word that begins with \"!\")", "quotes"}},
        {"id: !<tag:5ecret> b", {"1: id: has a tag (a word that begins with \"!\")"}},
        {"lock: [a, b]", {"1: lock: is a list", "URL"}},
        {"lock: {a: b}", {"1: lock: is a mapping", "URL"}},
        {"pid-namespace: [yes]", {"1: pid-namespace: is a list", "true and false"}},
        {"lock:", {"1: lock: has no value", "remove the line"}},
        {"lock: ''", {"lock: has no value"}},
        {"lock: \"a\\nb\"", {"lock: holds a line break"}},
        {"retry-period: 2", {"1: retry-period \"2\": not a duration", "15s"}},
        {"pid-namespace: yes", {"1: pid-namespace \"yes\": use one of: true"}},
        {"lock: http://a", {"1: lock \"http://a\"", "k8s://"}},
        {"lock: http://me:5ecret@a", {"lock \"http://***@a\""}},
        {"lock: file:///f\nlock: file:///g", {"2: \"lock\" is there twice"}},
        {"lock: file:///f\nlease-lock-name: a", {"1: lock", "2: lease-lock-name"}},
        {"[1]: 2", {"1: a key is a list"}},
        {"- lock", {" not a mapping", "lease-duration: 15s"}},
        {"lock", {" not a mapping"}},
        {"lock: a\n---\nlock: b", {"a second document"}},
        {"wait: 1s\n---\n", {"a second document"}},
        {"wait: 1s\n...\nlock: b", {"a second document"}},
        {"wait: 1s\n]\n", {": "}},
        {"{wait: 1s} ]", {"1: "}},
        {",~", {": "}}, // YAML::LoadAll never returns from it
        {"lock: [5ecret", {": not YAML: "}},
        {"a: b: c", {"1: not YAML"}},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        const std::string text = refused(row.text);
        for (const std::string& part : row.parts) {
            CHECK_THAT(text, contains(part));
        }
        CHECK(text.find("5ecret") == std::string::npos);
        CHECK(text.find('\n') == std::string::npos);
    }
    const auto refused_path = [](const std::string& path) -> std::string {
        try {
            parse_options({"--config", path, "--", "true"}, {});
        } catch (const OptionsError& error) {
            return error.what();
        }
        return "accepted";
    };
    CHECK(refused_path("/no/such") == "--config \"/no/such\": the file is missing");
    CHECK(refused_path("/tmp") == "--config \"/tmp\": the file is a folder, not a file");
    const ScratchFolder folder;
    CHECK_THAT(refused_path(folder.write("large", std::string(70'000, '#'))),
               contains("is larger than 64 KiB"));
}

TEST_CASE("print-config: each value and its place, with neither lock nor command", "[options]") {
    const auto printed = std::get<JustPrint>(parse_options({"--print-config"}, {})).text;
    CHECK_THAT(printed, contains("# lock: "));
    CHECK_THAT(printed, contains("\nlease-duration: 15s"));
    const ConfigFile file("lock: k8s://a/b\nretry-period: 1s\nlease-duration: 20s\n");
    const std::string all =
        file.printed({"--lease-duration=21s"}, {"LE_RUN_ID=x: #y", "LE_RUN_LEASE_LOCK_NAME=c"});
    INFO(all);
    const auto has_line = [&](const std::string& value, const std::string& source) {
        const auto at = all.find("\n" + value + " ");
        return at != std::string::npos &&
               all.substr(at + 1, all.find('\n', at + 1) - at - 1).ends_with("# " + source);
    };
    CHECK(has_line("lease-duration: 21s", "--lease-duration"));
    CHECK(has_line("retry-period: 1s", file.path() + ":2: retry-period"));
    CHECK(has_line("id: \"x: #y\"", "LE_RUN_ID"));
    CHECK(has_line("lease-lock-name: c", "LE_RUN_LEASE_LOCK_NAME"));
    CHECK(has_line("# lock:", "not given")); // overruled
    CHECK(has_line("renew-deadline: 10s", "default"));
    CHECK(has_line("# config: " + file.path(), "--config"));
}

TEST_CASE("print-config: what it prints is a configuration file of the same meaning", "[options]") {
    const Words environment{"LE_RUN_ID=null", "LE_RUN_WAIT=0", "LE_RUN_PID_NAMESPACE=1",
                            "LE_RUN_STOP_SIGNAL=15"};
    const std::string first =
        ConfigFile("lock: file:///tmp/a b#c\n").printed({"--on-lost=exit"}, environment);
    const ConfigFile again(first);
    const Options options = again.options();
    CHECK(std::get<file_store::FileLock>(options.lock).path == "/tmp/a b#c");
    CHECK(options.election.id == election::HolderIdentity{"null"});
    CHECK(options.election.wait == Duration(0s));
    CHECK(options.pid_namespace);
    CHECK_FALSE(options.election.standby_after_loss);
    const auto without_sources = [](const std::string& text) {
        std::string kept;
        for (std::size_t begin = 0; begin < text.size();) {
            const auto end = text.find('\n', begin);
            const std::string line = text.substr(begin, end - begin);
            kept += line.starts_with('#') ? "" : line.substr(0, line.rfind("# ")) + "\n";
            begin = end + 1;
        }
        return kept;
    };
    CHECK(without_sources(again.printed()) == without_sources(first));
}

TEST_CASE("print-config: whatever an option accepts, --config reads again", "[options]") {
    const std::vector<std::string> awkward{
        "null",       "~",     "true",    "0x1f",       "1e3",    ".5",  "- a", "a: b",
        "a #b",       "#a",    "'a'",     "\"a",        "[a",     "{a}", "*a",  "&a",
        "!a",         "%a",    "@a",      "`a",         "|",      ">",   "? a", "a\\b",
        "2026-11-28", "--- a", "...",     "caf\u00e9",  "\u20ac", "yes", "no",  "=",
        "<<",         ",",     "a://b@c", "file:///x@y"};
    const auto value_of = [](const std::string& text, const char* option) {
        Values values;
        add_config_text(values, "f", text);
        const Value* value = find(values, option);
        return value == nullptr ? "(nothing)" : value->text;
    };
    for (const OptionText& option : kOptions) {
        if (option.given_in != GivenIn::kAnyPlace) {
            continue;
        }
        for (const std::string& text : awkward) {
            Values values;
            add(values, option.name, {text, "/a\nb/file: 1: x", Origin::kFile});
            const std::string printed = print_config(values);
            INFO(printed);
            const bool is_blanked = without_credentials(text) != text;
            CHECK(value_of(printed, option.name) == (is_blanked ? "(nothing)" : text));
        }
    }
    // Each option's own values, from every place, through the whole program.
    const ScratchFolder folder;
    const std::string odd_file = folder.write("a\nb", "stop-grace: 1m\n");
    const Words environment{"K8S_AWAIT_ELECTION_ENABLED=1",
                            "K8S_AWAIT_ELECTION_LOCK_NAME=a",
                            "K8S_AWAIT_ELECTION_LEASE_DURATION=30",
                            "LE_RUN_KUBECONFIG=/k: #1",
                            "LE_RUN_CONTEXT=a@b://c",
                            "LE_RUN_CLUSTER=- x"};
    const std::string first =
        std::get<JustPrint>(
            parse_options({"--print-config", "--user=~", "--id={x}", "--wait=0"}, environment))
            .text;
    const ConfigFile again(first);
    const Options options = again.options();
    const auto& lock = std::get<kubernetes_store::KubernetesLock>(options.lock);
    CHECK(lock.name == "a");
    CHECK(lock.kubeconfig == "/k: #1");
    CHECK(lock.context == "a@b://c");
    CHECK(lock.cluster == "- x");
    CHECK(lock.user == "~");
    CHECK(options.election.id == election::HolderIdentity{"{x}"});
    CHECK(options.election.timing.lease_duration == 30s);
}

TEST_CASE("print-config: bad values are errors there, too, and credentials are blanked",
          "[options]") {
    CHECK_THROWS_AS(ConfigFile("retry-period: 2\n").printed(), OptionsError);
    CHECK_THROWS_AS(ConfigFile("retry-period: 14s\n").printed(), OptionsError);
    Values values;
    values["kubeconfig"] = {"https://me:5ecret@host/x", "--kubeconfig", Origin::kFlag};
    CHECK_THAT(print_config(values), contains("https://***@host/x"));
    CHECK(print_config(values).find("5ecret") == std::string::npos);
    CHECK(without_credentials("file:///a@b") == "file:///a@b");
    CHECK(without_credentials("http://a:b/c@d@host") == "http://***@host");
    CHECK(without_credentials("a@b://c") == "a@b://c");
}

} // namespace le_run::test
