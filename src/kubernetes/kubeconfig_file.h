// Joins the files of a kubeconfig, by kubectl's rules.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/section.h"

namespace le_run::kubernetes {

// If several files have an entry of one name, the first file's entry counts, as a whole. The first
// current-context that is not empty counts. Entries that nobody asks for are not checked.
class Kubeconfig {
public:
    // Reads all files now. Throws ConfigError if one cannot be read or is not a kubeconfig.
    explicit Kubeconfig(const std::vector<std::string>& paths);

    const std::string& name() const { return name_; } // the paths, joined by ':'
    std::string current_context() const;              // empty: no file has one

    // The entry of this name. If there is none, the error says that `wanted_by` asks for it. All
    // throw ConfigError.
    Section context(const std::string& name, const std::string& wanted_by) const;
    Section cluster(const std::string& name, const std::string& wanted_by) const;
    Section user(const std::string& name, const std::string& wanted_by) const;

    [[noreturn]] void fail(const std::string& key, const std::string& what) const;

private:
    Section entry(const std::string& list, const std::string& inner, const std::string& name,
                  const std::string& wanted_by) const;

    std::string name_;
    std::vector<Section> files_;
};

} // namespace le_run::kubernetes
