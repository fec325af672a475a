#include "options/flags.h"

#include <map>

#include <CLI/CLI.hpp>

#include "options/option_table.h"
#include "version.h"

namespace le_run {
namespace {

std::string flag_of(const char* name) { return std::string("--") + name; }

std::string help_of(const OptionText& option) {
    const bool has_fallback = option.fallback[0] != '\0' && !option.is_switch();
    const std::string otherwise = has_fallback ? option.fallback : option.without;
    return option.help + (otherwise.empty() ? "" : " (default: " + otherwise + ")");
}

std::string help_text(const CLI::App& app) {
    // CLI11 writes "le-run [OPTIONS]"; the command is not its business.
    std::string help = app.help();
    const std::string generated = "le-run [OPTIONS]";
    if (const auto at = help.find(generated); at != std::string::npos) {
        help.replace(at, generated.size(), kUsage);
    }
    return help;
}

} // namespace

std::variant<Values, JustPrint> read_flags(const std::vector<std::string>& flags) {
    CLI::App app("Runs one copy of a command among replicas: only while this one holds the lease.",
                 "le-run");
    app.footer("Each option --NAME can be given as LE_RUN_NAME in the environment; a flag wins.\n"
               "Exit codes: the child's own; 0 stopped; 75 lost or not won; 125 le-run cannot do "
               "its job;\n"
               "126 command not executable; 127 command not found; 128+n ended by signal n.");
    std::map<std::string, std::string> texts;
    for (const OptionText& option : kOptions) {
        std::string& text = texts[option.name];
        if (option.is_switch()) { // "true", or what stands behind --NAME=
            app.add_flag(flag_of(option.name), text, help_of(option));
        } else {
            app.add_option(flag_of(option.name), text, help_of(option))->type_name(option.metavar);
        }
    }
    try {
        app.parse(std::vector<std::string>(flags.rbegin(), flags.rend()));
    } catch (const CLI::CallForHelp&) {
        return JustPrint{help_text(app)};
    } catch (const CLI::ExtrasError&) {
        const auto extras = app.remaining();
        fail("unknown option or argument \"" + (extras.empty() ? std::string() : extras.front()) +
             "\": see le-run --help; the command goes behind --");
    } catch (const CLI::ParseError& error) {
        fail(std::string(error.what()) + ": see le-run --help");
    }
    if (app.count("--version") > 0) {
        return JustPrint{version_text()};
    }
    Values values;
    for (const OptionText& option : kOptions) {
        const std::string flag = flag_of(option.name);
        if (app.count(flag) > 0) {
            add(values, option.name, {texts[option.name], flag, Origin::kFlag});
        }
    }
    return values;
}

} // namespace le_run
