#include "app/spare_pages.h"

#include <cstddef>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace le_run::app {
namespace {

// A read-only segment has the same bytes as the file, so its pages can be dropped. Relocated data
// is in writable segments, even if ld.so protects them later.
int drop_clean_segments(dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) {
            continue;
        }
        const ElfW(Addr) begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
        const ElfW(Addr) end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

} // namespace

void drop_start_pages() { ::dl_iterate_phdr(drop_clean_segments, nullptr); }

} // namespace le_run::app
