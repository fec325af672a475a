// The API server's rules for names of objects: DNS-1123.
#pragma once

#include <optional>
#include <string>

namespace le_run::kubernetes {

// What is wrong with the name of a Lease, which must be a DNS-1123 subdomain. Nothing: it is valid.
std::optional<std::string> wrong_with_lease_name(const std::string& name);
// The same for a namespace: a DNS-1123 label.
std::optional<std::string> wrong_with_namespace(const std::string& name);

} // namespace le_run::kubernetes
