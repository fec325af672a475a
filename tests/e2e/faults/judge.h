// What one case found out.
#pragma once

#include <string>
#include <vector>

namespace le_run::test::faults {

class Judge {
public:
    // `what` must hold; it is said when it does not.
    void require(bool holds, const std::string& what) {
        if (!holds) {
            violations_.push_back(what);
        }
    }
    // A documented exception was met: what happened is told, and is no violation.
    void except(const std::string& what_happened) { exceptions_.push_back(what_happened); }
    // A figure that is worth a line, whatever the verdict.
    void tell(const std::string& figure) { figures_.push_back(figure); }
    // What helps to understand a violation.
    void keep(const std::string& logs) { logs_ += logs; }

    const std::vector<std::string>& violations() const { return violations_; }
    const std::vector<std::string>& exceptions() const { return exceptions_; }
    const std::vector<std::string>& figures() const { return figures_; }
    const std::string& logs() const { return logs_; }

private:
    std::vector<std::string> violations_;
    std::vector<std::string> exceptions_;
    std::vector<std::string> figures_;
    std::string logs_;
};

} // namespace le_run::test::faults
