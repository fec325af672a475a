#include "net/http_calls.h"

#include <algorithm>
#include <utility>

#include "net/address.h"

namespace le_run::net {

HttpCalls::HttpCalls(boost::asio::io_context& loop, Endpoint endpoint, Lookup lookup)
    : loop_(loop), door_(std::make_shared<Door>(loop)), endpoint_(std::move(endpoint)),
      dialled_(endpoint_.proxy ? endpoint_.proxy->host : endpoint_.host),
      resolver_(loop, dialled_, std::move(lookup)) {}

void HttpCalls::open() {
    const auto listener = [door = door_, weak = weak_from_this()](TryNumber number, News news) {
        door->post([weak, number, news = std::move(news)]() mutable {
            if (const auto self = weak.lock()) {
                self->on_news(number, std::move(news));
            }
        });
    };
    try {
        wire_ = make_wire(endpoint_, listener);
    } catch (const TlsConfigError& bad) {
        problem_ = bad.what();
    }
}

void HttpCalls::use(const TlsConfig& tls_config) {
    Endpoint changed = endpoint_;
    changed.tls_config = tls_config;
    try {
        if (wire_) {
            wire_->use_tls_of(changed);
        }
        endpoint_ = std::move(changed);
    } catch (const TlsConfigError&) {
        return;
    }
    if (!wire_) {
        problem_.clear();
        open();
    }
}

void HttpCalls::close() {
    door_->close();
    if (wire_) {
        wire_->close();
    }
    tries_.clear();
    overdue_.clear();
    calls_.clear();
}

void HttpCalls::send(HttpRequest request, Duration timeout, std::function<void(HttpResult)> handler,
                     Duration late) {
    const CallNumber id = ++last_call_;
    Call& call = calls_.try_emplace(id, loop_).first->second;
    call.late = late;
    call.request = std::move(request);
    call.handler = std::move(handler);
    begin(id, timeout);
}

void HttpCalls::stream(HttpRequest request, Duration timeout, Duration silence, HttpStream stream) {
    const CallNumber id = ++last_call_;
    Call& call = calls_.try_emplace(id, loop_).first->second;
    call.request = std::move(request);
    call.handler = std::move(stream.ended);
    call.stream = std::move(stream);
    call.silence = silence;
    begin(id, timeout);
}

void HttpCalls::begin(CallNumber id, Duration timeout) {
    arm(id, calls_.at(id), timeout);
    resolver_.async_resolve([weak = weak_from_this(), id](const LookupAnswer& answer) {
        if (const auto self = weak.lock()) {
            self->on_addresses(id, answer);
        }
    });
}

void HttpCalls::arm(CallNumber id, Call& call, Duration patience) {
    call.timeout = patience;
    call.deadline.expires_after(patience);
    call.deadline.async_wait([weak = weak_from_this(), id](boost::system::error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) {
            self->on_deadline(id);
        }
    });
}

void HttpCalls::on_addresses(CallNumber id, const LookupAnswer& answer) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) {
        return;
    }
    Call& call = found->second;
    if (!problem_.empty()) {
        return finish(id, error(call, HttpError::Kind::kUntrusted, problem_));
    }
    if (answer.addresses.empty()) {
        const std::string why = "the name " + dialled_ +
                                " could not be resolved: " + answer.problem +
                                "; check it, and the name servers of this machine";
        return finish(id, error(call, HttpError::Kind::kUnreachable, why));
    }
    call.addresses = answer.addresses;
    const auto first = std::find(call.addresses.begin(), call.addresses.end(), preferred_);
    if (first != call.addresses.end()) {
        std::rotate(call.addresses.begin(), first, call.addresses.end());
    }
    try_address(id, call, false);
}

void HttpCalls::try_address(CallNumber id, Call& call, bool afresh) {
    const TryNumber number = ++last_try_;
    call.number = number;
    call.stage = Stage::kConnecting;
    tries_[number] = id;
    wire_->send({number, call.request, call.addresses[call.current], call.addresses, afresh,
                 call.stream.has_value()});
    const std::size_t left = call.addresses.size() - call.current;
    if (left == 1) {
        return;
    }
    const auto now = boost::asio::steady_timer::clock_type::now();
    call.share.expires_at(now + (call.deadline.expiry() - now) / static_cast<int>(left));
    call.share.async_wait(
        [weak = weak_from_this(), id, number](boost::system::error_code cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) {
                self->on_share_over(id, number);
            }
        });
}

void HttpCalls::on_news(TryNumber number, News news) {
    const auto found = tries_.find(number);
    if (found == tries_.end()) {
        return; // news about a try that was given up
    }
    const CallNumber id = found->second;
    Call& call = calls_.at(id);
    if (std::holds_alternative<Sent>(news)) {
        call.stage = Stage::kWaiting;
        call.share.cancel();
        return;
    }
    if (std::holds_alternative<Opened>(news) || std::holds_alternative<Piece>(news)) {
        return on_piece(id, call, std::move(news));
    }
    tries_.erase(found);
    if (const auto* failure = std::get_if<WireFailure>(&news)) {
        return on_failure(id, call, *failure);
    }
    preferred_ = call.addresses[call.current];
    clock_ahead_ = std::get<HttpResponse>(news).clock_ahead.value_or(clock_ahead_);
    // Overdue requests that were sent before this one hang, so their connections must not be
    // reused.
    while (!overdue_.empty() && overdue_.front() < id) {
        drop(overdue_.front());
    }
    finish(id, std::get<HttpResponse>(std::move(news)));
}

void HttpCalls::on_piece(CallNumber id, Call& call, News news) {
    call.stage = Stage::kStreaming;
    preferred_ = call.addresses[call.current];
    arm(id, call, call.silence);
    auto* const piece = std::get_if<Piece>(&news);
    piece == nullptr ? call.stream->opened() : call.stream->received(std::move(piece->bytes));
}

void HttpCalls::on_failure(CallNumber id, Call& call, const WireFailure& failure) {
    if (failed_while_writing(failure) && call.may_send_again &&
        !call.is_overdue) { // usually a stale connection
        call.may_send_again = false;
        return try_address(id, call, true);
    }
    if (failure.is_unconnected) {
        call.stage = Stage::kConnecting; // nothing has reached the server
    }
    give_up_address(id, call, describe(failure), failure.trust);
}

void HttpCalls::on_share_over(CallNumber id, TryNumber number) {
    if (tries_.count(number) == 0) {
        return;
    }
    Call& call = calls_.at(id);
    if (call.stage == Stage::kWaiting) {
        return;
    }
    abandon_try(call);
    give_up_address(id, call, "no connection in its share of the time");
}

// Tries the next address only if this one cannot have got the request: it may have got a write.
void HttpCalls::give_up_address(CallNumber id, Call& call, const std::string& why,
                                const TrustFailure& trust) {
    resolver_.refresh();
    const bool is_alone = call.addresses.size() == 1 && call.addresses.front() == dialled_;
    call.failures += (call.failures.empty() ? "" : "; ") +
                     (is_alone ? why : call.addresses[call.current] + ": " + why);
    call.all_untrusted = call.all_untrusted && !trust.text.empty();
    call.is_about_time = call.is_about_time || trust.is_about_time;
    const bool is_last = call.current + 1 == call.addresses.size();
    preferred_ = is_last ? call.addresses.front() : call.addresses[call.current + 1];
    if (call.stage == Stage::kConnecting && !is_last) {
        ++call.current;
        return try_address(id, call, false);
    }
    const auto kind =
        call.all_untrusted ? HttpError::Kind::kUntrusted : HttpError::Kind::kUnreachable;
    finish(id, error(call, kind, call.failures));
}

void HttpCalls::on_deadline(CallNumber id) {
    const auto found = calls_.find(id);
    if (found == calls_.end()) {
        return;
    }
    Call& call = found->second;
    if (call.is_overdue) {
        return drop(id);
    }
    std::string why = call.failures.empty() ? "" : call.failures + "; then ";
    why += "timed out after " + text_of(call.timeout);
    switch (call.stage) {
    case Stage::kLookup:
        why += " looking up the name " + dialled_ + "; check the name servers of this machine";
        break;
    case Stage::kConnecting:
        why += " connecting to " + call.addresses[call.current] +
               "; check host and port, and firewalls on the way";
        break;
    case Stage::kWaiting:
        why += " waiting for the answer of " + call.addresses[call.current] +
               "; the server is slow or hangs, or the network loses packets";
        break;
    case Stage::kStreaming:
        why += " without a byte from " + call.addresses[call.current];
        break;
    }
    HttpError told = error(call, HttpError::Kind::kUnreachable, why);
    if (call.stage != Stage::kLookup) {
        preferred_ = call.addresses[(call.current + 1) % call.addresses.size()];
        resolver_.refresh();
        if (!call.stream && call.late > call.timeout) {
            const auto handler = call.handler;
            listen_on(id, call);
            handler(std::move(told));
            return;
        }
        abandon_try(call);
    }
    finish(id, std::move(told));
}

// Waits for a late answer, beside later requests. If there are too many overdue requests, it drops
// the second oldest. If the server is slow, it answers the oldest first; if one hangs for ever, the
// others still get their answers. A holder sends about kMostOverdue requests in its renew deadline.
void HttpCalls::listen_on(CallNumber id, Call& call) {
    constexpr std::size_t kMostOverdue = 16;
    call.is_overdue = true;
    arm(id, call, call.late - call.timeout);
    overdue_.push_back(id);
    if (overdue_.size() > kMostOverdue) {
        drop(overdue_[1]);
    }
}

// The handler has got the timeout, and is not called again.
void HttpCalls::drop(CallNumber id) {
    abandon_try(calls_.at(id));
    calls_.erase(id);
    std::erase(overdue_, id);
}

void HttpCalls::abandon_try(Call& call) {
    tries_.erase(call.number);
    wire_->cancel(call.number);
}

void HttpCalls::finish(CallNumber id, HttpResult result) {
    const bool is_told = calls_.at(id).is_overdue && std::holds_alternative<HttpError>(result);
    std::erase(overdue_, id);
    if (is_told) {
        calls_.erase(id);
        return;
    }
    const auto handler = std::move(calls_.at(id).handler);
    calls_.erase(id); // also cancels its timers
    handler(std::move(result));
}

HttpError HttpCalls::error(const Call& call, HttpError::Kind kind, const std::string& why) const {
    std::string where = authority(endpoint_.host, endpoint_.port);
    if (endpoint_.proxy) {
        where += " through the proxy " + text_of(*endpoint_.proxy);
    }
    std::string clock;
    if (call.is_about_time) {
        clock = clock_difference_text(clock_ahead_);
    }
    return {kind, where + ": " + why + (clock.empty() ? "" : "; by its last answer " + clock) +
                      " (" + call.request.method + " " + call.request.target + ")"};
}

} // namespace le_run::net
