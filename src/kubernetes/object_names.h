// How the API server lets objects be named: DNS-1123.
#pragma once

#include <optional>
#include <string>

namespace le_run::kubernetes {

// Nothing when `name` is a DNS-1123 subdomain, as the API server demands of a Lease; else what is
// wrong.
std::optional<std::string> wrong_with_lease_name(const std::string& name);
// The same for a namespace: a DNS-1123 label.
std::optional<std::string> wrong_with_namespace(const std::string& name);

} // namespace le_run::kubernetes
