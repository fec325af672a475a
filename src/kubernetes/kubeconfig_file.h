// The files of a kubeconfig as one, by kubectl's rules.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/section.h"

namespace le_run::kubernetes {

// Of entries of one name in several files the first file's counts, and counts whole; so does the
// first current-context that is not empty. Only what is asked for is looked at.
class Kubeconfig {
public:
    // Reads all files now. Throws ConfigError for one that cannot be read or is no kubeconfig.
    explicit Kubeconfig(const std::vector<std::string>& paths);

    const std::string& name() const { return name_; } // the paths, joined by ':'
    std::string current_context() const;              // empty: none says

    // What stands under the name. `wanted_by` is for the complaint that there is none. All throw
    // ConfigError.
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
