#include "kubernetes/exec_plugin.h"

#include <algorithm>
#include <ctime>
#include <set>

#include <nlohmann/json.hpp>

#include "kubernetes/credentials.h"
#include "kubernetes/errors.h"
#include "kubernetes/pem.h"

namespace le_run::kubernetes {
namespace {

using nlohmann::json;
using WallClock = std::chrono::system_clock;

constexpr std::size_t kLongWord = 24; // of characters that tokens have

// Reads "2026-01-02T03:04:05Z", also with a fraction or with "+02:00".
std::optional<WallClock::time_point> parse_time(const std::string& text) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) {
        return std::nullopt;
    }
    if (*rest == '.') {
        for (++rest; *rest >= '0' && *rest <= '9';) {
            ++rest;
        }
    }
    std::tm offset{};
    int sign = 0;
    if (*rest == '+' || *rest == '-') {
        sign = *rest == '+' ? 1 : -1;
        rest = ::strptime(rest + 1, "%H:%M", &offset);
    } else if (*rest == 'Z') {
        ++rest;
    } else {
        return std::nullopt;
    }
    if (rest == nullptr || *rest != '\0') {
        return std::nullopt;
    }
    const auto seconds = ::timegm(&parts) - sign * (offset.tm_hour * 3600 + offset.tm_min * 60);
    // A time later than this counts as this one; the clock's range ends in 2262.
    constexpr std::time_t kLatest = 9'000'000'000;
    return WallClock::from_time_t(std::clamp<std::time_t>(seconds, 0, kLatest));
}

class WrongAnswer {
public:
    explicit WrongAnswer(std::string what) : what_(std::move(what)) {}
    const std::string& what() const { return what_; }

private:
    std::string what_;
};

std::string text_in(const json& object, const char* name, const std::string& path = "") {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) {
        return {};
    }
    if (!found->is_string()) {
        throw WrongAnswer("printed an answer whose " + path + name + " is not a text");
    }
    return found->get<std::string>();
}

void check_certificate(const PluginCredential& credential) {
    if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
        throw WrongAnswer("gave only one of clientCertificateData and clientKeyData");
    }
    if (credential.certificate_pem.empty()) {
        return;
    }
    if (const auto wrong = wrong_with_certificates(credential.certificate_pem)) {
        throw WrongAnswer("gave a clientCertificateData that " + *wrong);
    }
    if (const auto wrong = wrong_with_key(credential.key_pem)) {
        throw WrongAnswer("gave a clientKeyData that " + *wrong);
    }
    if (!is_pair(credential.certificate_pem, credential.key_pem)) {
        throw WrongAnswer("gave a clientKeyData that does not belong to its clientCertificateData");
    }
}

PluginCredential credential_in(const json& status) {
    PluginCredential credential;
    credential.token = text_in(status, "token", "status.");
    credential.certificate_pem = text_in(status, "clientCertificateData", "status.");
    credential.key_pem = text_in(status, "clientKeyData", "status.");
    check_certificate(credential);
    if (credential.token.empty() && credential.certificate_pem.empty()) {
        throw WrongAnswer("gave neither a token nor a client certificate");
    }
    if (!credential.token.empty() && !is_token(credential.token)) {
        throw WrongAnswer("gave a token that holds blanks or special characters");
    }
    if (const std::string text = text_in(status, "expirationTimestamp", "status."); !text.empty()) {
        credential.expires = parse_time(text);
        if (!credential.expires) {
            throw WrongAnswer("gave an expirationTimestamp that is not a time like "
                              "2026-01-02T03:04:05Z");
        }
    }
    if (const auto end = end_of_certificate(credential.certificate_pem);
        end && (!credential.expires || *end < *credential.expires)) {
        credential.expires = end;
    }
    return credential;
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Whether tokens and keys have this character.
bool is_of_a_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '=' || c == '%';
}

bool looks_secret(const std::string& word) {
    const auto has = [&](auto is) { return std::any_of(word.begin(), word.end(), is); };
    return word.size() >= kLongWord && has([](char c) { return c >= '0' && c <= '9'; }) &&
           has([](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// Replaces each longest part whose characters all are `kind` by the result of `change`.
template <class Kind, class Change>
std::string with_parts(const std::string& text, Kind kind, Change change) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && kind(text[end]) == kind(text[at])) {
            ++end;
        }
        const std::string part = text.substr(at, end - at);
        result += kind(text[at]) ? change(part) : part;
        at = end;
    }
    return result;
}

bool is_of_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

// Blanks values after a name that says that they are secret: "--password x", "apiKey: 'x y'", and
// in JSON "\"token\":\"x\"", with quotes or escaped quotes.
std::string without_named_secrets(const std::string& text) {
    constexpr std::string_view kQuotes = "\"'\\`";
    static const std::set<std::string> kSchemes = {"bearer", "basic"};
    const auto names_secret = [](const std::string& name) {
        if (name.ends_with('-')) { // part of a PEM line such as "-----BEGIN PRIVATE KEY-----"
            return false;
        }
        for (const char* part : {"password", "passwd", "passphrase", "token", "secret", "key"}) {
            if (name.find(part) != std::string::npos) {
                return true;
            }
        }
        return kSchemes.contains(name);
    };
    const auto skip = [&](std::size_t at, auto is) {
        while (at < text.size() && is(text[at])) {
            ++at;
        }
        return at;
    };
    const auto is_quote = [&](char c) { return kQuotes.find(c) != std::string_view::npos; };
    std::string result;
    std::size_t at = 0;
    bool is_secret = false; // the next part is a secret
    while (at < text.size()) {
        if (!is_of_a_name(text[at]) && !is_secret) {
            result += text[at++];
            continue;
        }
        std::size_t end = skip(at, is_of_a_name);
        if (is_secret) {
            const char quote = at > 0 && is_quote(text[at - 1]) ? text[at - 1] : ' ';
            end = skip(at, [&](char c) {
                return quote == ' ' ? !is_blank(c) && c != ',' && c != ';' && c != '}' && c != '&'
                                    : c != quote && c != '\n';
            });
            is_secret = kSchemes.contains(lower(text.substr(at, end - at)));
            result += end > at ? kBlank : "";
        } else {
            result += text.substr(at, end - at);
            is_secret = names_secret(lower(text.substr(at, end - at)));
        }
        at = end;
        if (!is_secret) {
            continue;
        }
        const std::size_t value =
            skip(at, [&](char c) { return is_blank(c) || is_quote(c) || c == ':' || c == '='; });
        is_secret = value > at && value < text.size();
        result += text.substr(at, value - at);
        at = value;
    }
    return result;
}

} // namespace

bool is_exec_api_version(const std::string& text) {
    return text == "client.authentication.k8s.io/v1" ||
           text == "client.authentication.k8s.io/v1beta1";
}

std::variant<PluginCredential, std::string> parse_plugin_answer(const std::string& answer,
                                                                const std::string& api_version) {
    if (std::all_of(answer.begin(), answer.end(), is_blank)) {
        return "printed nothing on its standard output";
    }
    const json object = json::parse(answer, nullptr, false);
    if (!object.is_object()) {
        return "printed something that is no JSON object";
    }
    try {
        if (text_in(object, "kind") != "ExecCredential") {
            return "printed an object that is no ExecCredential";
        }
        if (text_in(object, "apiVersion") != api_version) {
            return "did not answer in the apiVersion of the kubeconfig, " + api_version;
        }
        const auto status = object.find("status");
        if (status == object.end() || !status->is_object()) {
            return "printed an answer without status";
        }
        return credential_in(*status);
    } catch (const WrongAnswer& wrong) {
        return wrong.what();
    }
}

std::string without_secrets(const std::string& text, const std::vector<std::string>& known) {
    // A PEM block without its beginning ends with the last end mark.
    const std::string end_mark = "-----END";
    const auto begin = text.find("-----BEGIN");
    std::string clean = text.substr(0, begin);
    if (const auto end = clean.rfind(end_mark); end != std::string::npos) {
        clean = kBlank + clean.substr(end + end_mark.size());
    }
    if (begin != std::string::npos) {
        clean += kBlank;
    }
    clean = without_named_secrets(without_words(std::move(clean), known));
    clean = with_parts(clean, is_of_a_token,
                       [&](const std::string& part) { return looks_secret(part) ? kBlank : part; });
    return clean;
}

std::string describe_failure(const ExecPlugin& plugin, const PluginRun& run) {
    std::set<std::string> answer; // the words of the answer
    with_parts(run.output, is_of_a_token, [&](const std::string& part) {
        if (part.size() >= kShortestSecret) {
            answer.insert(part);
        }
        return part;
    });
    std::string said = with_parts(run.said, is_of_a_token, [&](const std::string& part) {
        return answer.contains(part) ? kBlank : part;
    });
    said = without_secrets(said, plugin.secrets);
    said.erase(std::unique(said.begin(), said.end(),
                           [](char a, char b) { return is_blank(a) && is_blank(b); }),
               said.end());
    while (!said.empty() && is_blank(said.back())) {
        said.pop_back();
    }
    std::string text = "the credential plugin " + plugin.name + " " + run.problem;
    if (!said.empty()) {
        text += "; it said: " + said;
    }
    if (!plugin.install_hint.empty()) {
        text += "; " + plugin.install_hint;
    }
    return one_line(text + "; run it by hand, and check " + plugin.place);
}

} // namespace le_run::kubernetes
