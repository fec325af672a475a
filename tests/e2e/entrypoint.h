// What container/Containerfile makes the entrypoint.
#pragma once

#include <nlohmann/json.hpp>

#include "helpers/replica.h"

namespace le_run::test {

inline Words entrypoint() {
    const std::string text = read_file(LE_RUN_SOURCE_DIR "/container/Containerfile");
    const auto begin = text.rfind("ENTRYPOINT ");
    const auto end = text.find('\n', begin);
    return nlohmann::json::parse(text.substr(begin + 11, end - begin - 11)).get<Words>();
}

} // namespace le_run::test
