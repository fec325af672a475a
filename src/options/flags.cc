#include "options/flags.h"

#include <map>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "options/option_table.h"
#include "options/suggestion.h"

namespace le_run::options {
namespace {

std::string flag_of(const char* name) { return std::string("--") + name; }

std::string help_of(const OptionText& option) {
    const bool has_fallback = option.fallback[0] != '\0' && !option.is_switch();
    const std::string otherwise = has_fallback ? option.fallback : option.without;
    return option.help + (otherwise.empty() ? "" : " (default: " + otherwise + ")");
}

std::string help_text(const CLI::App& app) {
    // CLI11 itself writes only "le-run [OPTIONS]", without the command and the tasks.
    std::string usage = kUsage;
    for (const TaskText& task : kTasks) {
        std::string line = std::string("\n       le-run ") + task.name + " [options]";
        line.resize(32, ' ');
        usage += line + task.help;
    }
    std::string help = app.help();
    const std::string generated = "le-run [OPTIONS]";
    if (const auto at = help.find(generated); at != std::string::npos) {
        help.replace(at, generated.size(), usage);
    }
    return help;
}

// The values that CLI11 fills in, by the flag's name.
using Texts = std::map<std::string, std::string>;

CLI::Option* add_switch(CLI::App& app, const char* name, Texts& texts, const std::string& help) {
    return app.add_flag(flag_of(name), texts[name], help); // "true", or the text after --NAME=
}

CLI::Option* add_text(CLI::App& app, const char* name, Texts& texts, const std::string& help,
                      const std::string& metavar) {
    return app.add_option(flag_of(name), texts[name], help)->type_name(metavar);
}

void declare(CLI::App& app, Texts& texts) {
    for (const OptionText& option : kOptions) {
        if (option.is_switch()) {
            add_switch(app, option.name, texts, help_of(option));
        } else {
            add_text(app, option.name, texts, help_of(option), option.metavar);
        }
    }
    for (const OtherName& other : kLeaderElectFlags) {
        const std::string option = other.option;
        const bool is_lock_kind = option.empty();
        CLI::Option* flag =
            option == "enabled"
                ? add_switch(app, other.name, texts, "as --enabled")
                : add_text(app, other.name, texts,
                           is_lock_kind ? "leases: le-run knows no other" : "as --" + option,
                           "TEXT");
        flag->group("Names of kube-scheduler and kube-controller-manager");
    }
}

Values to_values(const CLI::App& app, const Texts& texts) {
    Values values;
    const auto take = [&](const char* name, const std::string& option) {
        if (app.count(flag_of(name)) > 0) {
            add(values, option, {texts.at(name), flag_of(name), Origin::kFlag});
        }
    };
    for (const OptionText& option : kOptions) {
        take(option.name, option.name);
    }
    for (const OtherName& other : kLeaderElectFlags) {
        if (other.option[0] != '\0') {
            take(other.name, other.option);
        } else if (app.count(flag_of(other.name)) > 0 && texts.at(other.name) != "leases") {
            fail({texts.at(other.name), flag_of(other.name), Origin::kFlag},
                 "le-run uses Leases only: write leases, or remove the flag");
        }
    }
    return values;
}

[[noreturn]] void fail_as_unknown(const std::string& argument) {
    std::vector<std::string> known;
    if (argument.starts_with('-')) {
        known = names_of_options(GivenIn::kFlag);
        known.emplace_back("help");
        for (const OtherName& other : kLeaderElectFlags) {
            known.emplace_back(other.name);
        }
        for (std::string& name : known) {
            name = flag_of(name.c_str());
        }
    } else {
        for (const TaskText& task : kTasks) {
            known.emplace_back(task.name);
        }
    }
    const auto meant = nearest(argument.substr(0, argument.find('=')), known);
    fail("unknown option or argument \"" + argument +
         "\": " + (meant ? "write " + *meant + ", or see" : "see") +
         " le-run --help; the command comes after --");
}

} // namespace

std::variant<Values, JustPrint> read_flags(const std::vector<std::string>& flags) {
    CLI::App app("Runs one copy of a command among replicas, only while le-run holds the lease.",
                 "le-run");
    app.footer("You can give an option --NAME also as LE_RUN_NAME in the environment, or as a line "
               "NAME: VALUE in\n"
               "the file of --config. A flag wins over the environment, and the environment over "
               "the file.\n"
               "Exit codes: the child's own; 0 stopped; 75 lost or not won; 125 le-run cannot do "
               "its job;\n"
               "126 command not executable; 127 command not found; 128+n ended by signal n.\n"
               "le-run(1) says more: signals, timing, and what to do about each line of the log.");
    Texts texts;
    declare(app, texts);
    for (const std::string& flag : flags) { // CLI11 would take the next word for its value
        if (flag.starts_with("--") && flag.find('=') == flag.size() - 1) {
            fail(flag + ": has no value: write one, or remove the flag");
        }
    }
    try {
        app.parse(std::vector<std::string>(flags.rbegin(), flags.rend()));
    } catch (const CLI::CallForHelp&) {
        return JustPrint{help_text(app)};
    } catch (const CLI::ExtrasError&) {
        const auto extras = app.remaining();
        fail_as_unknown(extras.empty() ? "" : extras.front());
    } catch (const CLI::ParseError& error) {
        fail(std::string(error.what()) + ": see le-run --help");
    }
    if (app.count("--version") > 0) {
        return JustPrint{version_text()};
    }
    return to_values(app, texts);
}

} // namespace le_run::options
