#include "kubernetes/kubeconfig_file.h"

#include <optional>
#include <utility>
#include <variant>

#include "base/config_error.h"
#include "base/small_file.h"

namespace le_run::kubernetes {
namespace {

YAML::Node parse_yaml(const std::string& path, const std::string& text) {
    try {
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        // Only the general part of the message: the rest may quote the file, which has secrets.
        const std::string message = error.msg.substr(0, error.msg.find(':'));
        throw ConfigError("kubeconfig " + path + " is not YAML: line " +
                          std::to_string(error.mark.line + 1) + ", column " +
                          std::to_string(error.mark.column + 1) + ": " + message +
                          "; correct it there, or name another file");
    }
}

YAML::Node read_yaml(const std::string& path) {
    const auto bytes = read_small_file(path, kMaxKubeconfig, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        throw ConfigError("kubeconfig " + path + " " + error->text +
                          "; correct its path, or the file");
    }
    YAML::Node root = parse_yaml(path, std::get<std::string>(bytes));
    if (!root.IsMap() && !root.IsNull()) {
        throw ConfigError("kubeconfig " + path +
                          " is not a kubeconfig (not a mapping); name one of kind Config");
    }
    return root;
}

void check_kind(const Section& file) {
    const std::string version = file.text("apiVersion");
    if (!version.empty() && version != "v1") {
        file.fail("apiVersion", "is \"" + version + "\", which no kubeconfig has; write v1");
    }
    const std::string kind = file.text("kind");
    if (!kind.empty() && kind != "Config") {
        file.fail("kind", "is \"" + kind + "\": this is not a kubeconfig; name one of kind Config");
    }
}

} // namespace

Kubeconfig::Kubeconfig(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        name_ += (name_.empty() ? "" : ":") + path;
        const YAML::Node root = read_yaml(path);
        if (root.IsNull()) {
            continue; // an empty file has no entries
        }
        files_.emplace_back(path, "", root);
        check_kind(files_.back());
    }
    if (files_.empty()) {
        throw ConfigError("kubeconfig " + name_ +
                          " is empty; name one with clusters, users and contexts");
    }
}

void Kubeconfig::fail(const std::string& key, const std::string& what) const {
    Section(name_, "", {}).fail(key, what);
}

std::string Kubeconfig::current_context() const {
    for (const Section& file : files_) {
        if (std::string name = file.text("current-context"); !name.empty()) {
            return name;
        }
    }
    return {};
}

Section Kubeconfig::context(const std::string& name, const std::string& wanted_by) const {
    return entry("contexts", "context", name, wanted_by);
}

Section Kubeconfig::cluster(const std::string& name, const std::string& wanted_by) const {
    return entry("clusters", "cluster", name, wanted_by);
}

Section Kubeconfig::user(const std::string& name, const std::string& wanted_by) const {
    return entry("users", "user", name, wanted_by);
}

Section Kubeconfig::entry(const std::string& list, const std::string& inner,
                          const std::string& name, const std::string& wanted_by) const {
    std::string names;
    for (const Section& file : files_) {
        std::optional<Section> found;
        for (const Section& one : file.sections(list)) {
            const std::string its_name = one.text("name");
            names += (names.empty() || its_name.empty() ? "" : ", ") + its_name;
            if (its_name != name) {
                continue;
            }
            if (found) {
                file.fail(list, "has two entries named \"" + name + "\"; keep one");
            }
            found = one.called(list + "[" + name + "]").section(inner);
        }
        if (found) {
            return *std::move(found);
        }
    }
    fail(list, "has no entry named \"" + name + "\", which " + wanted_by + " asks for; " +
                   (names.empty() ? "the list is empty" : "it has: " + names));
}

} // namespace le_run::kubernetes
