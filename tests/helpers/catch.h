// One include for Catch2 2.13 (Debian 12) and 3 (Debian 13).
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
namespace le_run::test {
inline auto contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
} // namespace le_run::test
#else
#include <catch2/catch.hpp>
namespace le_run::test {
inline auto contains(const std::string& text) { return Catch::Matchers::Contains(text); }
} // namespace le_run::test
#endif
namespace le_run::test {
inline auto matches(const std::string& pattern) { return Catch::Matchers::Matches(pattern); }
} // namespace le_run::test
