// What an API server says when it refuses: a Status object in the body, Retry-After in the header.
#include "fuzz.h"
#include "kubernetes/errors.h"
#include "net/http_headers.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::fuzz;

namespace {

// A line for people, whatever the server wrote into it.
void check_line(const std::string& text) {
    LE_CHECK(!text.empty() && text.size() <= 2003 && one_line(text, text.size()) == text);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(text_of(data, size));
    const kubernetes::Access access{"get", "batch", "worker", "https://10.0.0.1:6443"};

    const auto parsed = store::parse_api_status(body);
    std::string said = body;
    if (const auto* wrong = std::get_if<store::Malformed>(&parsed)) {
        LE_CHECK(!wrong->text.empty() && wrong->text.size() < 500);
        check_line(kubernetes::cannot(access, wrong->text));
    } else {
        const auto& status = std::get<store::ApiStatus>(parsed);
        said = status.message;
        LE_CHECK(status.reason.size() + status.message.size() + status.details_name.size() +
                     status.details_kind.size() <=
                 size);
    }
    check_line(kubernetes::not_answered(access, said));
    check_line(kubernetes::unauthorized(access, said, {"the token file", said, "", ""}));
    check_line(kubernetes::forbidden(access, said));
    check_line(kubernetes::forbidden(access, std::nullopt));
    check_line(kubernetes::no_api(access));
    check_line(kubernetes::answered(access, 500, said));

    if (const auto wait = net::parse_retry_after(body)) {
        LE_CHECK(*wait >= Duration::zero() && *wait <= std::chrono::hours(24));
        LE_CHECK(body.find_first_not_of("0123456789") == std::string::npos);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*wait).count();
        LE_CHECK(size > 5 || seconds == std::min(std::stoll(body), 86400LL));
    }
    if (const auto date = net::parse_http_date(body)) {
        LE_CHECK(net::text_of(*date).size() == 23);
    }
    if (const auto ahead = net::clock_ahead_of(body, net::WallSeconds{})) {
        LE_CHECK(net::clock_difference_text(*ahead).size() < 80);
    }
    return 0;
}
