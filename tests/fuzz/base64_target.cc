// The base64 of a kubeconfig's ...-data fields.
#include "fuzz.h"
#include "kubernetes/base64.h"

using namespace le_run::fuzz;
using le_run::kubernetes::decode_base64;

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode(std::string_view bytes) {
    std::string text;
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
        unsigned two = static_cast<unsigned char>(bytes[bit / 8]) * 256U;
        if (bit / 8 + 1 < bytes.size()) {
            two += static_cast<unsigned char>(bytes[bit / 8 + 1]);
        }
        text += kDigits[two >> (10 - bit % 8) & 63];
    }
    return text;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = text_of(data, size);
    std::string text = encode(input);
    LE_CHECK(decode_base64(text) == input);
    text.append((4 - text.size() % 4) % 4, '=');
    LE_CHECK(decode_base64(text) == input);

    const auto decoded = decode_base64(input);
    if (!decoded) {
        return 0;
    }
    std::string digits;
    std::copy_if(input.begin(), input.end(), std::back_inserter(digits),
                 [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
    const auto padding = static_cast<std::size_t>(std::count(digits.begin(), digits.end(), '='));
    LE_CHECK(padding <= 2 && (padding == 0 || digits.size() % 4 == 0));
    digits.resize(digits.size() - padding);
    // The last digit may carry bits that belong to no byte.
    const std::string again = encode(*decoded);
    LE_CHECK(again.size() == digits.size());
    LE_CHECK(digits.empty() ||
             again.compare(0, again.size() - 1, digits, 0, digits.size() - 1) == 0);
    return 0;
}
