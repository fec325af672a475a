#include "options/config_file.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <variant>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/small_file.h"
#include "options/option_table.h"
#include "options/suggestion.h"

namespace le_run::options {
namespace {

constexpr std::size_t kLargest = 64 * 1024;
constexpr std::size_t kLongestKeyShown = 40;

std::string line_of(const std::string& file, const YAML::Mark& mark) {
    return mark.is_null() ? file : file + ":" + std::to_string(mark.line + 1);
}

[[noreturn]] void fail_as_unknown(const std::string& place, const std::string& key) {
    const auto meant = nearest(key, names_of_options(GivenIn::kAnyPlace));
    fail(place + ": unknown key \"" + key.substr(0, kLongestKeyShown) + "\": " +
         (meant ? "write " + *meant : "the keys are the options of le-run --help, without dashes"));
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

// Quotes only YAML's own tags: a password that begins with "!" looks like a tag too.
std::string describe_tag(const std::string& tag) {
    for (const char* name : {"binary", "bool", "float", "int", "null", "timestamp"}) {
        if (tag == std::string("tag:yaml.org,2002:") + name) {
            return "has a tag (" + tag + "), which is not read here";
        }
    }
    return "has a tag (a word that begins with \"!\"), which is not read here; a text that begins "
           "so needs quotes";
}

std::string text_of(const std::string& place, const OptionText& option, const YAML::Node& node) {
    const auto expect = [&](bool holds, const std::string& is) {
        if (!holds) {
            fail(place + ": " + is + ": write one " +
                 (option.is_switch() ? "of true and false" : option.metavar) +
                 ", or remove the line");
        }
    };
    expect(!node.IsSequence(), "is a list");
    expect(!node.IsMap(), "is a mapping");
    expect(!node.IsNull() && !node.Scalar().empty(), "has no value");
    // In yaml-cpp, "?" is a plain value and "!" a quoted one. le-run does not decode other tags.
    expect(node.Tag() == "?" || node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str",
           describe_tag(node.Tag()));
    const std::string& text = node.Scalar();
    if (const auto wrong = wrong_with_text(text)) {
        fail(place + ": " + *wrong);
    }
    return text;
}

// Finds where the last parsed document begins.
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

// YAML::Load ignores everything after the first document, such as another document or a stray
// bracket. YAML::LoadAll never returns for some such texts.
void check_that_nothing_follows(const std::string& file, const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    DocumentStart start;
    parser.HandleNextDocument(start);
    if (parser) {
        parser.HandleNextDocument(start);
        fail(line_of(file, start.mark) +
             ": a second document begins here, or text that belongs to none: write lines of NAME: "
             "VALUE only");
    }
}

YAML::Node parse(const std::string& file, const std::string& text) {
    try {
        check_that_nothing_follows(file, text);
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        // After a colon, the message may quote the text.
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
    const auto bytes = read_small_file(given.text, kLargest, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        fail(given, "the file " + error->text);
    }
    add_config_text(values, given.text, std::get<std::string>(bytes));
}

} // namespace le_run::options
