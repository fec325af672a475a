// A process frozen or killed anywhere inside an access to a lease file: at every system call's
// begin and end in turn, the others read and write, and no version is won twice. (What decides
// between two system calls is one instruction, the exchange of the word.)
#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "store/file/lease_file.h"
#include "store/file/lease_file_format.h"
#include "store/forked.h"

namespace le_run::test {

using namespace le_run::file_store;
namespace {

// Objects that can be recognised: whose they are and which write they belong to.
LeaseFile::MakeObject object_by(const std::string& writer) {
    return [writer](const std::string& token) {
        return R"({"by":")" + writer + R"(","token":")" + token + R"("})";
    };
}

std::string describe(const LeaseFile::ReadResult& result) {
    if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
        return content->object;
    }
    const auto* failure = std::get_if<election::Failure>(&result);
    return failure != nullptr ? "Failure " + failure->text : "Absent";
}

std::string describe(const LeaseFile::WriteResult& result) {
    if (const auto* content = std::get_if<LeaseFile::Content>(&result)) {
        return "Written " + content->token;
    }
    if (const auto* failure = std::get_if<election::Failure>(&result)) {
        return "Failure " + failure->text;
    }
    return std::holds_alternative<election::Conflict>(result) ? "Conflict" : "Absent";
}

// One process of the story, and the tokens that it won.
struct Other {
    explicit Other(const std::string& path) : file(path) {}

    std::optional<LeaseFile::Content> read() {
        auto result = file.read();
        INFO(describe(result));
        REQUIRE_FALSE(std::holds_alternative<election::Failure>(result));
        auto* content = std::get_if<LeaseFile::Content>(&result);
        if (content == nullptr) {
            return std::nullopt;
        }
        // Never a mixture of two writes.
        CHECK_THAT(content->object, contains(R"("token":")" + content->token + R"("})"));
        return std::move(*content);
    }
    void write(const std::optional<std::string>& base, bool durable) {
        const auto result = file.write(object_by("other"), base, durable);
        INFO(describe(result));
        REQUIRE(std::holds_alternative<LeaseFile::Content>(result));
        won.push_back(std::stoull(std::get<LeaseFile::Content>(result).token));
    }
    // Takes over from whatever is there, then renews.
    std::optional<LeaseFile::Content> go_on() {
        auto seen = read();
        write(seen ? std::optional(seen->token) : std::nullopt, true);
        for (int i = 0; i < 4; ++i) {
            write(std::to_string(won.back()), false);
        }
        return seen;
    }

    LeaseFile file;
    std::vector<std::uint64_t> won;
};

// What the process does that is frozen or killed.
enum class Story { kRead, kCreate, kTakeOver, kRenew };
// What happens while it is frozen.
// kWriteRemoved: the file is removed, and somebody who has it open writes to it all the same.
enum class Meanwhile { kOvertake, kDelete, kRecreate, kCreateAndDelete, kWriteRemoved };

// One run of a story. The file's first write is by "first", the one frozen by "child".
class Run {
public:
    Run(Story story, bool with_fence) : story_(story) {
        if (with_fence) { // ahead of the clock, so that it alone decides
            folder_.write(".lease.fence", "f0000000\n");
        }
        if (story == Story::kTakeOver || story == Story::kRead) {
            const auto result = LeaseFile(path_).write(object_by("first"), {}, true);
            REQUIRE(std::holds_alternative<LeaseFile::Content>(result));
        }
        child_.emplace([this] { prepare(); }, [this] { return access(); });
    }

    // False when it ended before its `stop`th stop.
    bool run_to(int stop) {
        for (int i = 0; i < stop; ++i) {
            if (!child_->to_next_stop()) {
                return false;
            }
        }
        return true;
    }

    void kill() { child_->kill(); }

    void others_go_on(Meanwhile what) {
        Other other(path_);
        if (what == Meanwhile::kOvertake) {
            seen_ = other.go_on();
        } else if (what == Meanwhile::kWriteRemoved) {
            seen_ = other.read();
            std::filesystem::create_hard_link(path_, folder_.file("elsewhere"));
            std::filesystem::remove(path_);
            Other(folder_.file("elsewhere")).go_on();
        } else {
            seen_ = other.read();
            std::filesystem::remove(path_);
            if (what == Meanwhile::kRecreate) {
                other.go_on();
            }
            for (int i = 0; what == Meanwhile::kCreateAndDelete && i < 3; ++i) {
                other.go_on();
                std::filesystem::remove(path_);
            }
        }
        won_ = other.won;
    }

    // What the frozen one says once it goes on; its token if it won.
    std::string finish() {
        child_->go_on();
        auto said = child_->result();
        if (said.rfind("Written ", 0) == 0) {
            childs_token_ = std::stoull(said.substr(8));
        }
        return said;
    }

    bool file_exists() const { return std::filesystem::exists(path_); }
    std::string seen_token() const { return seen_ ? seen_->token : std::string(); }

    bool landed_before() const {
        return seen_ && seen_->object.find(R"("by":"child")") != std::string::npos;
    }

    void judge(Meanwhile what, const std::string& said) const;
    void check_file(Meanwhile what) const;

private:
    void prepare() {
        if (story_ == Story::kRenew) {
            const auto result = mine_.write(object_by("first"), {}, true);
            base_ = std::get<LeaseFile::Content>(result).token;
        }
    }

    std::string access() {
        if (story_ == Story::kRead) {
            return describe(mine_.read());
        }
        if (story_ == Story::kTakeOver) {
            const auto seen = mine_.read();
            const auto* content = std::get_if<LeaseFile::Content>(&seen);
            if (content == nullptr) {
                return describe(seen);
            }
            base_ = content->token;
        }
        return describe(mine_.write(object_by("child"), base_, story_ != Story::kRenew));
    }

    Story story_;
    ScratchFolder folder_;
    std::string path_ = folder_.file("lease");
    LeaseFile mine_{path_}; // used in the child only
    std::optional<std::string> base_;
    std::optional<Traced> child_;
    std::optional<LeaseFile::Content> seen_; // while it was frozen
    std::vector<std::uint64_t> won_;         // by others, while it was frozen
    std::optional<std::uint64_t> childs_token_;
};

void Run::judge(Meanwhile what, const std::string& said) const {
    const auto last_won = won_.empty() ? 0 : won_.back();
    if (childs_token_) {
        // Either its write had landed before, or it began anew after all that happened.
        const bool is_the_one_seen =
            landed_before() && std::to_string(*childs_token_) == seen_->token;
        CHECK((is_the_one_seen || *childs_token_ > last_won));
        CHECK(std::count(won_.begin(), won_.end(), *childs_token_) == 0);
        if (seen_ && !is_the_one_seen) {
            CHECK(*childs_token_ > std::stoull(seen_->token));
        }
    }
    if (what == Meanwhile::kOvertake) {
        // Overtaken: Conflict. Not overtaken only where it had landed, or had not yet read.
        CHECK((childs_token_.has_value() || said == "Conflict"));
        CHECK((!landed_before() || childs_token_ == std::stoull(seen_->token)));
        CHECK((landed_before() || story_ == Story::kTakeOver || said == "Conflict"));
        return;
    }
    if (story_ == Story::kCreate) {
        CHECK((childs_token_.has_value() || (what == Meanwhile::kRecreate && said == "Conflict")));
    } else if (!landed_before() && !(story_ == Story::kTakeOver && childs_token_)) {
        CHECK(said == (what == Meanwhile::kRecreate ? "Conflict" : "Absent"));
    }
}

void Run::check_file(Meanwhile what) const {
    Other fresh(path_);
    const auto last = fresh.read();
    const bool removed_last = what == Meanwhile::kDelete || what == Meanwhile::kCreateAndDelete;
    auto greatest = childs_token_.value_or(0);
    if (!won_.empty()) {
        greatest = std::max(greatest, won_.back());
    }
    if (!removed_last) {
        REQUIRE(last.has_value());
    } else if (story_ != Story::kCreate) {
        CHECK_FALSE(std::filesystem::exists(path_)); // never re-created by a write with a base
    }
    if (last) {
        CHECK((greatest == 0 || std::stoull(last->token) == greatest));
        CHECK(nlohmann::json::accept(read_file(path_)));
        // Two pairs were enough: no place is lost.
        CHECK(std::filesystem::file_size(path_) == lease_file_format::file_size(2));
    }
    fresh.go_on();
    CHECK(fresh.won.front() > greatest);
}

// Runs the story again and again, stopped one stop later each time, until it ends before its stop.
int at_each_stop(Story story, bool with_fence, const std::function<void(Run&)>& then) {
    for (int stop = 1;; ++stop) {
        INFO("stop " << stop);
        Run run(story, with_fence);
        if (!run.run_to(stop)) {
            return stop - 1;
        }
        then(run);
    }
}

// An access that makes fewer stops has not been run.
constexpr int kLeastStops = 20;

} // namespace

TEST_CASE("a process frozen anywhere in an access blocks nobody and wins nothing twice") {
    const auto story = GENERATE(Story::kCreate, Story::kTakeOver, Story::kRenew);
    const auto what = GENERATE(Meanwhile::kOvertake, Meanwhile::kDelete, Meanwhile::kRecreate,
                               Meanwhile::kCreateAndDelete);
    CAPTURE(static_cast<int>(story), static_cast<int>(what));
    int landed = 0;
    int not_landed = 0;
    const auto stops = at_each_stop(story, what == Meanwhile::kCreateAndDelete, [&](Run& run) {
        run.others_go_on(what);
        ++(run.landed_before() ? landed : not_landed);
        const auto said = run.finish();
        INFO("it says " << said);
        run.judge(what, said);
        run.check_file(what);
    });
    CHECK(stops >= kLeastStops);
    CHECK(landed > 0); // both sides of the exchange were seen
    CHECK(not_landed > 0);
}

TEST_CASE("a write to a file that has been removed is never seen, nor taken for a conflict") {
    const auto story = GENERATE(Story::kRead, Story::kTakeOver, Story::kRenew);
    CAPTURE(static_cast<int>(story));
    const auto stops = at_each_stop(story, false, [&](Run& run) {
        run.others_go_on(Meanwhile::kWriteRemoved);
        const auto said = run.finish();
        INFO("it says " << said);
        if (said != "Absent") { // else what it says happened before
            CHECK((story == Story::kRead ? said.find(R"("by":"first")") != std::string::npos
                                         : said == "Written " + run.seen_token()));
            CHECK((story == Story::kRead || run.landed_before()));
        }
        CHECK_FALSE(run.file_exists());
    });
    CHECK(stops >= (story == Story::kRead ? 10 : kLeastStops));
}

TEST_CASE("a process killed anywhere in an access leaves a file that the others go on with") {
    const auto story = GENERATE(Story::kCreate, Story::kTakeOver, Story::kRenew);
    CAPTURE(static_cast<int>(story));
    int landed = 0;
    int not_landed = 0;
    const auto stops = at_each_stop(story, false, [&](Run& run) {
        run.kill();
        run.others_go_on(Meanwhile::kOvertake);
        ++(run.landed_before() ? landed : not_landed);
        run.check_file(Meanwhile::kOvertake);
    });
    CHECK(stops >= kLeastStops);
    CHECK(landed > 0);
    CHECK(not_landed > 0);
}

} // namespace le_run::test
