#include "options/config_file.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>
#include <variant>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "kubernetes/small_file.h"
#include "options/option_table.h"

namespace le_run {
namespace {

constexpr std::size_t kLargest = 64 * 1024;
constexpr std::size_t kLongestKeyShown = 40;

std::string line_of(const std::string& file, const YAML::Mark& mark) {
    return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

// "leaseDuration", "LEASE_DURATION" and "--lease-duration" are near to "lease-duration".
std::string bare(const std::string& key) {
    std::string letters;
    for (const unsigned char c : key) {
        if (c != '-' && c != '_') {
            letters += static_cast<char>(std::tolower(c));
        }
    }
    return letters;
}

// How many letters must be added, dropped or changed.
std::size_t distance(const std::string& from, const std::string& to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row.back();
}

[[noreturn]] void fail_as_unknown(const std::string& place, const std::string& key) {
    constexpr std::size_t kNear = 2;
    const OptionText* nearest = nullptr;
    std::size_t least = kNear + 1;
    for (const OptionText& option : kOptions) {
        if (option.given_in != GivenIn::kAnyPlace) {
            continue;
        }
        const std::size_t d = distance(bare(key.substr(0, kLongestKeyShown)), bare(option.name));
        if (d < least) {
            least = d;
            nearest = &option;
        }
    }
    fail(place + ": unknown key \"" + key.substr(0, kLongestKeyShown) + "\": " +
         (nearest != nullptr ? std::string("write ") + nearest->name
                             : "the keys are the options of le-run --help, without dashes"));
}

const OptionText& option_of(const std::string& place, const std::string& key) {
    const auto* const option = std::find_if(
        kOptions.begin(), kOptions.end(), [&](const OptionText& each) { return key == each.name; });
    if (option == kOptions.end()) {
        fail_as_unknown(place, key);
    }
    if (option->given_in != GivenIn::kAnyPlace) {
        fail(place + ": \"" + key + "\" cannot be in a file: give it as --" + key);
    }
    return *option;
}

std::string text_of(const std::string& place, const OptionText& option, const YAML::Node& node) {
    const auto expect = [&](bool holds, const std::string& is) {
        if (!holds) {
            fail(place + ": " + is + ": write one " +
                 (option.is_switch() ? "of true and false" : option.metavar) +
                 ", or drop the line");
        }
    };
    expect(!node.IsSequence(), "is a list");
    expect(!node.IsMap(), "is a mapping");
    expect(!node.IsNull() && !node.Scalar().empty(), "has no value");
    const std::string& text = node.Scalar();
    const bool printable = std::none_of(text.begin(), text.end(),
                                        [](unsigned char c) { return c < ' ' || c == 0x7f; });
    expect(printable, "holds line ends or control characters");
    return text;
}

// Where the document that was parsed last begins.
class DocumentStart final : public YAML::EventHandler {
public:
    YAML::Mark mark;

private:
    void OnDocumentStart(const YAML::Mark& start) override { mark = start; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

// YAML::Load drops what stands behind the first document, be it another or a stray bracket, and
// YAML::LoadAll never returns from some of that.
void check_that_nothing_follows(const std::string& file, const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    DocumentStart start;
    parser.HandleNextDocument(start);
    if (parser) {
        parser.HandleNextDocument(start);
        fail(line_of(file, start.mark) +
             ": a second document, or what belongs to none: write lines of NAME: VALUE");
    }
}

YAML::Node parse(const std::string& file, const std::string& text) {
    try {
        check_that_nothing_follows(file, text);
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        // Behind a colon the message may quote the text.
        fail(line_of(file, error.mark) + ": not YAML: " + error.msg.substr(0, error.msg.find(':')));
    }
}

void add_mapping(Values& values, const std::string& file, const YAML::Node& root) {
    std::set<std::string> seen;
    for (const auto& entry : root) {
        const std::string place = line_of(file, entry.first.Mark());
        if (!entry.first.IsScalar()) {
            fail(place + ": a key is a list or a mapping: write lines of NAME: VALUE");
        }
        const std::string& key = entry.first.Scalar();
        const OptionText& option = option_of(place, key);
        if (!seen.insert(key).second) {
            fail(place + ": \"" + key + "\" is there twice: keep one");
        }
        const std::string source = place + ": " + key;
        add(values, key, {text_of(source, option, entry.second), source, Origin::kFile});
    }
}

} // namespace

void add_config_text(Values& values, const std::string& file, const std::string& text) {
    const YAML::Node root = parse(file, text);
    if (root.IsNull()) {
        return; // nothing but comments
    }
    if (!root.IsMap()) {
        fail(file + ": not a mapping: write lines of NAME: VALUE, e.g. lease-duration: 15s");
    }
    add_mapping(values, file, root);
}

void add_config_file(Values& values, const Value& given) {
    const auto bytes = kubernetes::read_small_file(given.text, kLargest, kubernetes::MayWait::kYes);
    if (const auto* error = std::get_if<kubernetes::FileError>(&bytes)) {
        fail(given, "the file " + error->text);
    }
    add_config_text(values, given.text, std::get<std::string>(bytes));
}

} // namespace le_run
