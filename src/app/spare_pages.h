// Gives back memory that only the start needed.
#pragma once

namespace le_run::app {

// Drops the unwritten pages of the program and its libraries. Most were used only to read the
// options, load the libraries and make the first handshake. A page that is used again comes back
// from the page cache. Any thread; never fails.
void drop_start_pages();

} // namespace le_run::app
