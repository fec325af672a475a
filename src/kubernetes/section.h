// One mapping of a kubeconfig, read with the types that kubectl requires.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace le_run::kubernetes {

// It knows its file and its place in the file. Every error names both, and quotes no value that
// could be a secret. A null value counts as absent. Fields that nobody asks for are ignored. As in
// kubectl, an unquoted text that is a number or a truth value in YAML 1.1 (12, 0x1f, yes, on) is
// one. !!binary is decoded.
//
// All members throw ConfigError for a value of another type, and never YAML::Exception.
class Section {
public:
    // `node` is a mapping or null; `path` is empty for the whole file.
    Section(std::string file, std::string path, YAML::Node node)
        : file_(std::move(file)), path_(std::move(path)), node_(std::move(node)) {}

    const std::string& file() const { return file_; }
    std::string place() const { return "kubeconfig " + file_ + ": " + path_; }

    // "kubeconfig FILE: PATH.KEY WHAT"
    [[noreturn]] void fail(const std::string& key, const std::string& what) const;

    bool has(const std::string& key) const { return find(key).has_value(); }
    std::string text(const std::string& key) const; // empty: absent
    bool truth(const std::string& key) const;       // false: absent
    std::vector<std::string> texts(const std::string& key) const;
    // The mapping's keys with their lists, in the order of the file.
    std::vector<std::pair<std::string, std::vector<std::string>>>
    texts_by_name(const std::string& key) const;
    Section section(const std::string& key) const; // empty: absent
    // The mappings of a list.
    std::vector<Section> sections(const std::string& key) const;
    // The value as JSON, whatever its type; null: absent. Refuses a value larger than a kubeconfig.
    nlohmann::ordered_json json(const std::string& key) const;

    // The same section, with another name in errors.
    Section called(const std::string& path) const { return {file_, path, node_}; }

private:
    std::optional<YAML::Node> find(const std::string& key) const;
    // The value does not have the type `wanted`.
    [[noreturn]] void fail_type(const std::string& key, const YAML::Node& node,
                                const std::string& wanted) const;
    std::vector<std::string> texts_of(const std::string& key, const YAML::Node& node) const;
    std::string text_of(const std::string& key, const YAML::Node& node) const;

    std::string file_;
    std::string path_;
    YAML::Node node_;
};

} // namespace le_run::kubernetes
