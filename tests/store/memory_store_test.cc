#include "store/memory_store.h"

#include "helpers/catch.h"
#include "store/contract.h"

namespace le_run::test {
namespace {

class MemoryUnderTest : public StoreUnderTest {
public:
    std::unique_ptr<store::LeaseStore> make_store(boost::asio::io_context& loop) override {
        return make_memory_store(loop, lease_);
    }
    void delete_lease() override { lease_->delete_lease(); }
    nlohmann::ordered_json read_raw() override {
        return nlohmann::ordered_json::parse(lease_->object().value());
    }
    void edit_raw(const std::function<void(nlohmann::ordered_json&)>& edit) override {
        auto lease = read_raw();
        edit(lease);
        lease_->replace_object(lease.dump());
    }
    void hang() override { lease_->hang(); }
    void resume() override { lease_->resume(); }

private:
    std::shared_ptr<MemoryLease> lease_ = std::make_shared<MemoryLease>();
};

} // namespace

TEST_CASE("the memory store keeps the store contract") {
    check_store_contract([] { return std::make_unique<MemoryUnderTest>(); });
}

} // namespace le_run::test
