#include "kubernetes/base64.h"

#include <algorithm>
#include <cstdint>

namespace le_run::kubernetes {
namespace {

// The value of a base64 digit (six bits), or -1.
int value_of(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        if (c == '=') {
            ++padding;
            continue;
        }
        const int value = value_of(c);
        if (value < 0 || padding > 0) {
            return std::nullopt;
        }
        bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
        ++digits;
        if (digits % 4 == 0) {
            bytes.push_back(static_cast<char>(bits >> 16));
            bytes.push_back(static_cast<char>(bits >> 8 & 0xff));
            bytes.push_back(static_cast<char>(bits & 0xff));
        }
    }
    const std::size_t left = digits % 4;
    if (left == 1 || (padding > 0 && (left == 0 || left + padding != 4))) {
        return std::nullopt;
    }
    if (left == 2) {
        bytes.push_back(static_cast<char>(bits >> 4 & 0xff));
    }
    if (left == 3) {
        bytes.push_back(static_cast<char>(bits >> 10 & 0xff));
        bytes.push_back(static_cast<char>(bits >> 2 & 0xff));
    }
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = at; i < at + 3; ++i) {
            bits = bits << 8U | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
        }
        const std::size_t digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
        for (std::size_t i = 0; i < 4; ++i) {
            text += i < digits ? kDigits[bits >> (18 - 6 * i) & 0x3fU] : '=';
        }
    }
    return text;
}

} // namespace le_run::kubernetes
