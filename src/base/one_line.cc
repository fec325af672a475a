#include "base/one_line.h"

#include <algorithm>
#include <array>

#include <boost/locale/utf.hpp>

namespace le_run {
namespace {

namespace utf = boost::locale::utf;

struct Range {
    utf::code_point first, last;
};
constexpr std::array kUnfit{Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0x00ad, 0x00ad},
                            Range{0x061c, 0x061c}, Range{0x200b, 0x200f}, Range{0x2028, 0x202e},
                            Range{0x2060, 0x2069}, Range{0xfeff, 0xfeff}};

bool is_unfit(utf::code_point code) {
    return std::any_of(kUnfit.begin(), kUnfit.end(), [&](const Range& range) {
        return range.first <= code && code <= range.last;
    });
}

} // namespace

std::string one_line(std::string_view text, std::size_t most) {
    std::string line;
    for (auto at = text.begin(); at != text.end();) {
        const auto begin = at;
        const utf::code_point code = utf::utf_traits<char>::decode(at, text.end());
        std::string_view character(begin, at);
        if (code == utf::illegal || code == utf::incomplete) {
            at = begin + 1;
            character = "?";
        } else if (is_unfit(code)) {
            character = " ";
        }
        if (line.size() + character.size() > most) {
            return line + "...";
        }
        line += character;
    }
    return line;
}

} // namespace le_run
