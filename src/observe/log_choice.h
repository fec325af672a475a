// The user's choices for the log: format and level.
#pragma once

namespace le_run::observe {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

} // namespace le_run::observe
