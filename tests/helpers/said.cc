#include "helpers/said.h"

#include <algorithm>

namespace le_run::test {

bool Said::says(const std::string& mark, const std::string& subject, const Words& words) const {
    std::string begin = mark;
    begin.resize(10, ' ');
    begin += subject + " ";
    const auto lines = lines_of(out);
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.starts_with(begin) &&
               std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                   return line.find(word) != std::string::npos;
               });
    });
}

Said say(const Words& arguments, const Environment& more) {
    Process program({.argv = Words{le_run_binary()} + arguments,
                     .environment = without_settings() + more,
                     .inherit_environment = false});
    const auto code = program.wait();
    return {code, program.out(), program.err()};
}

} // namespace le_run::test
