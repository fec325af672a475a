// A file with a bearer token, as a kubelet or a person wrote it.
#include "fuzz.h"
#include "kubernetes/credentials.h"
#include "kubernetes/user.h"

using namespace le_run::fuzz;
using namespace le_run::kubernetes;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    const std::string_view bytes = text_of(data, size);
    const std::string path = folder.write("token", bytes);
    const auto read = read_token(path);
    if (const auto* wrong = std::get_if<le_run::FileError>(&read)) {
        // In its own words: the file is secret.
        const std::string head = "token file " + path;
        LE_CHECK(wrong->text == head + " is empty" ||
                 wrong->text == head + " holds something that is not a token "
                                       "(blanks or control characters)");
        return 0;
    }
    const auto& token = std::get<std::string>(read);
    // What a token says of its user goes into messages.
    const std::string user = user_of(token, "");
    LE_CHECK(user.size() < 260 && !has_control_characters(user));
    LE_CHECK(is_token(token) && bytes.find(token) != std::string_view::npos);
    LE_CHECK(bytes.find_first_not_of(" \t\r\n") == bytes.find(token));
    LE_CHECK(bytes.find_last_not_of(" \t\r\n") == bytes.find(token) + token.size() - 1);
    return 0;
}
