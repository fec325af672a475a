#include "net/certificate_names.h"

#include <algorithm>
#include <memory>

#include <openssl/x509v3.h>

namespace le_run::net {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

bool is_label(std::string_view text) {
    return !text.empty() && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_';
           });
}

bool is_host_name(std::string_view text) {
    for (;;) {
        const auto dot = text.find('.');
        if (!is_label(text.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

// The part after the first label, with its dot; empty: there is none.
std::string_view after_first_label(std::string_view text) {
    const auto dot = text.find('.');
    return dot == std::string_view::npos ? std::string_view() : text.substr(dot);
}

bool is_wildcard(std::string_view pattern) {
    return pattern == "*" || (pattern.starts_with("*.") && is_host_name(pattern.substr(2)));
}

} // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
    const auto trimmed = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    if (is_host_name(trimmed)) {
        if (is_wildcard(pattern)) {
            return is_same(pattern.substr(1), after_first_label(trimmed));
        }
        if (is_host_name(pattern)) {
            return is_same(pattern, trimmed);
        }
    }
    return !name.empty() && name != "." && is_same(pattern, name);
}

bool is_made_for(X509* certificate, const std::string& name) {
    using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;
    const Names names(static_cast<GENERAL_NAMES*>(
                          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                      GENERAL_NAMES_free);
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
        if (type != GEN_DNS) {
            continue;
        }
        const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(value));
        if (name_matches({data, static_cast<std::size_t>(ASN1_STRING_length(value))}, name)) {
            return true;
        }
    }
    return false;
}

} // namespace le_run::net
