#include "store/open.h"

#include "store/file/file_store.h"
#include "store/kubernetes/kubernetes_store.h"

namespace le_run::store {

OpenedLock open_lock(boost::asio::io_context& loop, const Lock& lock,
                     const Surroundings& surroundings) {
    return std::visit([&](const auto& kind) { return open(loop, kind, surroundings); }, lock);
}

boost::asio::io_context& make_loop(const Lock& lock) {
    return std::visit([](const auto& kind) -> boost::asio::io_context& { return loop_for(kind); },
                      lock);
}

} // namespace le_run::store
