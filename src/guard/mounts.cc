#include "guard/mounts.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace le_run::guard {
namespace {

// mountinfo writes blanks and backslashes as \ooo.
std::string unescape(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char* const octal = text.data() + i + 1;
        int byte = 0;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(octal, octal + 3, byte, 8).ptr == octal + 3) {
            result += static_cast<char>(byte);
            i += 3;
        } else {
            result += text[i];
        }
    }
    return result;
}

} // namespace

std::vector<Mount> read_mounts() {
    std::vector<Mount> mounts;
    std::ifstream file("/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        Mount mount;
        std::string word;
        words >> mount.id >> mount.parent >> word >> mount.root >> mount.point >> mount.options;
        while (words >> word && word != "-") {
        }
        words >> mount.type >> word >> mount.super_options;
        mount.point = unescape(mount.point);
        mounts.push_back(mount);
    }
    return mounts;
}

} // namespace le_run::guard
