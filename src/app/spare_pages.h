// Memory that only the start needed.
#pragma once

namespace le_run::app {

// Gives back the pages of the program and its libraries that are mapped and never written: what
// reading the options, loading the libraries and the first handshake touched, and nothing touches
// again. What is used again comes back from the page cache. Any thread; never fails.
void drop_start_pages();

} // namespace le_run::app
